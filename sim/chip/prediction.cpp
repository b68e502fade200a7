#include "sim/chip/prediction.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "sim/array/tile/tile_array.h"
#include "sim/chip/charges.h"
#include "sim/chip/conservation.h"
#include "sim/chip/machine.h"

namespace npusim {
namespace {

StallCycles stallsOf(const IdleCycles& idle) {
  return {.dram = idle[IdleCause::Dram],
          .buffer = idle[IdleCause::Buffer],
          .dependency = idle[IdleCause::Vector] + idle[IdleCause::Dependency],
          .network = idle[IdleCause::Network]};
}

/// What the layer's time is best explained by: the share of its cycles that the array computed,
/// that its memory traffic takes at peak bandwidth or made the array wait, and that other engines
/// did. A layer without MACs is never bound by compute, one without memory traffic never by DRAM.
std::string boundBy(const Charge& charge, const Counters& counters, std::int64_t dramCycles) {
  const std::int64_t idle = charge.idle.total();
  const bool memory = counters.dramBytes.read + counters.dramBytes.write > 0;
  const std::int64_t waited = charge.idle[IdleCause::Dram];
  struct Share {
    std::int64_t cycles;
    const char* name;
  };
  const std::array<Share, 6> shares = {
      {{counters.macs > 0 ? charge.cycles - idle + charge.idle[IdleCause::Drain] : -1, "compute"},
       {memory ? std::max(waited, dramCycles) : -1, "dram"},
       {counters.vectorSimpleOps + counters.macs > 0 ? charge.idle[IdleCause::Vector] : -1,
        "vector"},
       {charge.idle[IdleCause::Buffer] + (memory ? 0 : waited), "buffer"},
       {charge.idle[IdleCause::Dependency] + charge.idle[IdleCause::Overhead], "dependency"},
       {charge.idle[IdleCause::Network], "network"}}};
  return std::ranges::max_element(shares, {}, &Share::cycles)->name;
}

/// Core cycles that the counted memory bytes take at peak bandwidth.
std::int64_t cyclesAtPeak(const Fabric& fabric, const ReadWrite& bytes) {
  double peak = 0;
  for (const MemoryConfig& memory : fabric.chip.memories) peak += memory.peakBytesPerSecond();
  if (peak <= 0 || fabric.chip.idealMemory) return 0;
  const double seconds = static_cast<double>(bytes.read + bytes.write) / peak;
  return static_cast<std::int64_t>(seconds * fabric.chip.clockMhz * 1e6);
}

/// Of all cores together.
double peCount(const ChipConfig& chip) {
  return static_cast<double>(chip.cores * chip.array.rows * chip.array.cols);
}

/// The format that the program's products use: its own, unless all are of another (the codes of a
/// network that came quantised).
DataType productFormat(const isa::Program& program) {
  DataType found = program.precision;
  for (const isa::Instruction& instruction : program.queue(isa::Engine::Matrix)) {
    const auto* matrix = std::get_if<isa::Matrix>(&instruction.body);
    if (matrix == nullptr) continue;
    found = arrayFormat(matrix->a.type);
    if (found == arrayFormat(program.precision)) return found;
  }
  return arrayFormat(found);
}

/// Multiply-accumulates a cycle at best, in the format that the program's products use.
double peakMacsPerCycle(const Fabric& fabric) {
  const ArrayConfig& array = fabric.chip.array;
  const auto rate = array.macsPerCycle.find(productFormat(fabric.program));
  const double perPe = rate == array.macsPerCycle.end() ? 1 : rate->second;
  return perPe * peCount(fabric.chip);
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

LayerResult layerResult(const Fabric& fabric, std::size_t index, const Charge& charge) {
  const isa::Layer& layer = fabric.program.layers[index];
  const LayerTally& tally = fabric.layers[index];
  LayerResult result;
  result.name = layer.name;
  result.op = layer.op;
  result.outputShape = toString(layer.outputShape);
  result.macs = tally.counters.macs;
  result.cycles = charge.cycles;
  result.startCycle = std::max<std::int64_t>(tally.start, 0);
  result.endCycle = tally.finish;
  result.utilization = share(static_cast<double>(result.macs),
                             static_cast<double>(result.cycles) * peakMacsPerCycle(fabric));
  result.boundBy = boundBy(charge, tally.counters, cyclesAtPeak(fabric, tally.counters.dramBytes));
  result.stalls = stallsOf(charge.idle);
  result.counters = tally.counters;
  return result;
}

/// 0 with ideal memory, which takes no time.
double bandwidthUtilization(const Fabric& fabric, const PredictResult& total) {
  if (fabric.chip.idealMemory) return 0;
  double peak = 0;
  for (const MemoryConfig& memory : fabric.chip.memories) peak += memory.peakBytesPerSecond();
  const ReadWrite& bytes = total.counters.dramBytes;
  return share(static_cast<double>(bytes.read + bytes.write), peak * total.timeS);
}

/// Utilization counts every MAC of the network. Those that the vector unit did (depthwise
/// convolutions) were done while the array had nothing or little to do, so they are taken out of
/// the losses, first of all out of the waiting for other engines.
void countVectorMacs(const Fabric& fabric, PredictResult& total) {
  const double all = static_cast<double>(total.cycles) * peakMacsPerCycle(fabric);
  double elsewhere = share(static_cast<double>(total.macs), all) - total.utilization;
  Loss& loss = total.loss;
  for (double* part : {&loss.dependency, &loss.dram, &loss.overhead, &loss.buffer, &loss.fillDrain,
                       &loss.edge, &loss.network}) {
    const double taken = std::clamp(elsewhere, 0.0, *part);
    *part -= taken;
    elsewhere -= taken;
    total.utilization += taken;
  }
}

/// What all cores did, in PE-cycles and cycles.
struct CoreSums {
  ArrayTime arrayTime;
  std::int64_t fillCycles = 0;
};

CoreSums sumCores(const Fabric& fabric) {
  CoreSums sums;
  for (const auto& core : fabric.cores) {
    sums.arrayTime += core->arrayTime;
    sums.fillCycles += core->fillCycles;
  }
  return sums;
}

/// Useful part and losses of the arrays' time; a run without cycles has lost nothing.
void splitTime(const Fabric& fabric, const Charges& charges, PredictResult& total) {
  const CoreSums sums = sumCores(fabric);
  const auto all = static_cast<double>(total.cycles) * static_cast<double>(fabric.cores.size());
  const double allPes = static_cast<double>(total.cycles) * peCount(fabric.chip);
  const auto idleShare = [&](std::initializer_list<IdleCause> causes) {
    std::int64_t cycles = 0;
    for (const IdleCause cause : causes) cycles += charges.idle[cause];
    return share(static_cast<double>(cycles), all);
  };
  IdleCycles rest;
  total.stalls = stallsOf(charges.idle.dividedBy(std::ssize(fabric.cores), rest));
  total.utilization = share(sums.arrayTime.useful, allPes);
  total.loss.edge = share(sums.arrayTime.edge, allPes);
  total.loss.fillDrain = share(sums.arrayTime.fillDrain, allPes) +
                         share(static_cast<double>(sums.fillCycles), all) +
                         idleShare({IdleCause::Drain});
  total.loss.dram = idleShare({IdleCause::Dram});
  total.loss.buffer = idleShare({IdleCause::Buffer}) + share(sums.arrayTime.buffer, allPes);
  total.loss.dependency = idleShare({IdleCause::Vector, IdleCause::Dependency});
  total.loss.network = idleShare({IdleCause::Network});
  total.loss.overhead = idleShare({IdleCause::Overhead});
  if (fabric.cores.size() > 1) {
    total.busiestCoreCycles = total.cycles - charges.leastIdle;
    total.idlestCoreCycles = total.cycles - charges.mostIdle;
  }
  countVectorMacs(fabric, total);
}

}  // namespace

Npu::Prediction summarize(const Fabric& fabric, std::int64_t cycles) {
  Npu::Prediction prediction;
  const Charges charges = chargeLayers(fabric);
  for (std::size_t i = 0; i < charges.layers.size(); ++i) {
    prediction.layers.push_back(layerResult(fabric, i, charges.layers[i]));
  }
  PredictResult& total = prediction.total;
  total.cycles = cycles;
  total.timeS = fabric.clock.seconds(cycles);
  for (const LayerResult& layer : prediction.layers) {
    total.counters += layer.counters;
  }
  total.macs = total.counters.macs;
  if (fabric.network) total.busiestLinkCycles = fabric.network->busiestLinkCycles();
  total.compulsoryDramBytes = fabric.program.compulsoryDramBytes;
  total.bandwidthUtilization = bandwidthUtilization(fabric, total);
  total.zeroOperandFraction =
      share(static_cast<double>(total.counters.zeroOperandMacs), static_cast<double>(total.macs));
  splitTime(fabric, charges, total);
  checkConservation(fabric, prediction);
  return prediction;
}

}  // namespace npusim
