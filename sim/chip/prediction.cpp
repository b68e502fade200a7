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

/// Core cycles that a layer's traffic takes at peak bandwidth: of the memories, of the host link.
struct CyclesAtPeak {
  std::int64_t dram = 0, host = 0;
};

/// What the layer's time is best explained by: the share of its cycles that the array computed,
/// that its memory traffic takes at peak bandwidth or made the array wait, and that other engines
/// did. A layer without MACs is never bound by compute, one without memory traffic never by DRAM.
/// Waiting for memory is waiting for the host link where that takes longer.
std::string boundBy(const Charge& charge, const Counters& counters, const CyclesAtPeak& atPeak) {
  const std::int64_t idle = charge.idle.total();
  const bool memory = counters.dramBytes.read + counters.dramBytes.write + counters.hostBytes > 0;
  const std::int64_t waited = charge.idle[IdleCause::Dram];
  struct Share {
    std::int64_t cycles;
    const char* name;
  };
  const std::array<Share, 6> shares = {
      {{counters.macs > 0 ? charge.cycles - idle + charge.idle[IdleCause::Drain] : -1, "compute"},
       {memory ? std::max({waited, atPeak.dram, atPeak.host}) : -1,
        atPeak.host > atPeak.dram ? "host link" : "dram"},
       {counters.vectorSimpleOps + counters.macs > 0 ? charge.idle[IdleCause::Vector] : -1,
        "vector"},
       {charge.idle[IdleCause::Buffer] + (memory ? 0 : waited), "buffer"},
       {charge.idle[IdleCause::Dependency] + charge.idle[IdleCause::Overhead], "dependency"},
       {charge.idle[IdleCause::Network], "network"}}};
  return std::ranges::max_element(shares, {}, &Share::cycles)->name;
}

CyclesAtPeak cyclesAtPeak(const Fabric& fabric, const Counters& counters) {
  const auto cycles = [&](std::int64_t bytes, double bytesPerSecond) -> std::int64_t {
    if (bytesPerSecond <= 0 || fabric.chip.idealMemory) return 0;
    const double seconds = static_cast<double>(bytes) / bytesPerSecond;
    return static_cast<std::int64_t>(seconds * fabric.chip.clockMhz * 1e6);
  };
  return {cycles(counters.dramBytes.read + counters.dramBytes.write,
                 fabric.chip.memoryBytesPerSecond()),
          cycles(counters.hostBytes, fabric.chip.host.bandwidthGbPerS * 1e9)};
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
  const RepeatedTime& time = fabric.steadyPasses.time();
  LayerResult result;
  result.counters = fabric.steadyPasses.extended(index, tally.counters);
  result.name = layer.name;
  result.op = layer.op;
  result.outputShape = toString(layer.outputShape);
  result.macs = result.counters.macs;
  result.cycles = charge.cycles;
  result.startCycle = time.at(std::max<std::int64_t>(tally.start, 0));
  result.endCycle = time.at(tally.finish);
  result.utilization = share(static_cast<double>(result.macs),
                             static_cast<double>(result.cycles) * peakMacsPerCycle(fabric));
  result.boundBy = boundBy(charge, result.counters, cyclesAtPeak(fabric, result.counters));
  result.stalls = stallsOf(charge.idle);
  return result;
}

/// 0 with ideal memory, which takes no time.
double bandwidthUtilization(const Fabric& fabric, const PredictResult& total) {
  if (fabric.chip.idealMemory) return 0;
  const double peak = fabric.chip.memoryBytesPerSecond();
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

/// Where the arrays' working time went, as shares of all of it.
struct WorkShares {
  ArrayTime time;
  double fill = 0;
};

/// Of arrays that worked all of `cycles`, on all cores together.
WorkShares sharesOf(const Fabric& fabric, const ArraySums& sums, double cycles) {
  const double pes = cycles * peCount(fabric.chip) / static_cast<double>(fabric.cores.size());
  return {.time = {.useful = share(sums.time.useful, pes),
                   .edge = share(sums.time.edge, pes),
                   .fillDrain = share(sums.time.fillDrain, pes),
                   .buffer = share(sums.time.buffer, pes)},
          .fill = share(static_cast<double>(sums.fillCycles), cycles)};
}

/// The shares of all cores' cycles in which arrays worked. In passes left out they worked whenever
/// they were not idle, on what they did in the stretches taken for those.
WorkShares workShares(const Fabric& fabric, const Charges& charges, const PredictResult& total) {
  const auto all = static_cast<double>(total.cycles) * static_cast<double>(fabric.cores.size());
  WorkShares shares = sharesOf(fabric, sumArrays(fabric), all);
  const std::int64_t left = total.leftOutCycles * std::ssize(fabric.cores) -
                            (charges.idle.total() - charges.simulatedIdle);
  if (left == 0) return shares;
  const WorkShares added = sharesOf(fabric, fabric.steadyPasses.added(), all);
  const ArrayTime& time = added.time;
  const double rounded = share(static_cast<double>(left) / all,
                               time.useful + time.edge + time.fillDrain + time.buffer + added.fill);
  shares.time += {.useful = time.useful * rounded,
                  .edge = time.edge * rounded,
                  .fillDrain = time.fillDrain * rounded,
                  .buffer = time.buffer * rounded};
  shares.fill += added.fill * rounded;
  return shares;
}

/// Useful part and losses of the arrays' time; a run without cycles has lost nothing.
void splitTime(const Fabric& fabric, const Charges& charges, PredictResult& total) {
  const WorkShares work = workShares(fabric, charges, total);
  const auto all = static_cast<double>(total.cycles) * static_cast<double>(fabric.cores.size());
  const auto idleShare = [&](std::initializer_list<IdleCause> causes) {
    std::int64_t cycles = 0;
    for (const IdleCause cause : causes) cycles += charges.idle[cause];
    return share(static_cast<double>(cycles), all);
  };
  IdleCycles rest;
  total.stalls = stallsOf(charges.idle.dividedBy(std::ssize(fabric.cores), rest));
  total.utilization = work.time.useful;
  total.loss.edge = work.time.edge;
  total.loss.fillDrain = work.time.fillDrain + work.fill + idleShare({IdleCause::Drain});
  total.loss.dram = idleShare({IdleCause::Dram});
  total.loss.buffer = idleShare({IdleCause::Buffer}) + work.time.buffer;
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
  total.cycles = fabric.steadyPasses.time().at(cycles);
  total.leftOutCycles = total.cycles - cycles;
  total.shortenedLoops = fabric.steadyPasses.shortened();
  total.timeS = fabric.clock.seconds(total.cycles);
  for (const LayerResult& layer : prediction.layers) {
    total.counters += layer.counters;
  }
  total.macs = total.counters.macs;
  if (fabric.network) {
    total.busiestLinkCycles =
        fabric.network->busiestLinkCycles() + fabric.steadyPasses.addedLinkCycles();
  }
  total.compulsoryDramBytes = fabric.program.compulsoryDramBytes;
  total.bandwidthUtilization = bandwidthUtilization(fabric, total);
  total.zeroOperandFraction =
      share(static_cast<double>(total.counters.zeroOperandMacs), static_cast<double>(total.macs));
  splitTime(fabric, charges, total);
  checkConservation(fabric, prediction);
  return prediction;
}

}  // namespace npusim
