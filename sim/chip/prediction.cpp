#include "sim/chip/prediction.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/array/tile/tile_array.h"
#include "sim/chip/conservation.h"

namespace npusim {
namespace {

using IdleCycles = std::array<std::int64_t, kIdleCauses>;

std::int64_t& of(IdleCycles& idle, IdleCause cause) {
  return idle[static_cast<std::size_t>(cause)];
}
std::int64_t of(const IdleCycles& idle, IdleCause cause) {
  return idle[static_cast<std::size_t>(cause)];
}

StallCycles stallsOf(const IdleCycles& idle) {
  return {.dram = of(idle, IdleCause::Dram),
          .buffer = of(idle, IdleCause::Buffer),
          .dependency = of(idle, IdleCause::Vector) + of(idle, IdleCause::Dependency),
          .network = 0};
}

/// The cycles that are charged to one layer, and the array's idle ones among them.
struct Charge {
  std::int64_t begin = 0, end = 0;
  IdleCycles idle{};
};

std::vector<Charge> chargeLayers(const Machine& machine) {
  std::vector<Charge> charges;
  std::int64_t finished = 0;
  for (const LayerTally& layer : machine.layers) {
    charges.push_back({finished, std::max(finished, layer.finish), {}});
    finished = charges.back().end;
  }
  std::size_t layer = 0;
  for (const IdleInterval& interval : machine.timeline.intervals()) {
    std::int64_t begin = interval.begin;
    while (begin < interval.end) {
      while (layer < charges.size() && charges[layer].end <= begin) ++layer;
      if (layer == charges.size()) break;
      const std::int64_t end = std::min(interval.end, charges[layer].end);
      of(charges[layer].idle, interval.cause) += end - begin;
      begin = end;
    }
  }
  return charges;
}

/// What the layer's time is best explained by: the share of its cycles that the array computed,
/// that its memory traffic takes at peak bandwidth or made the array wait, and that other engines
/// did. A layer without MACs is never bound by compute, one without memory traffic never by DRAM.
std::string boundBy(const Charge& charge, const Counters& counters, std::int64_t dramCycles) {
  const std::int64_t cycles = charge.end - charge.begin;
  std::int64_t idle = 0;
  for (const std::int64_t part : charge.idle) idle += part;
  const bool memory = counters.dramBytes.read + counters.dramBytes.write > 0;
  const std::int64_t waited = of(charge.idle, IdleCause::Dram);
  struct Share {
    std::int64_t cycles;
    const char* name;
  };
  const std::array<Share, 5> shares = {
      {{counters.macs > 0 ? cycles - idle + of(charge.idle, IdleCause::Drain) : -1, "compute"},
       {memory ? std::max(waited, dramCycles) : -1, "dram"},
       {counters.vectorSimpleOps + counters.macs > 0 ? of(charge.idle, IdleCause::Vector) : -1,
        "vector"},
       {of(charge.idle, IdleCause::Buffer) + (memory ? 0 : waited), "buffer"},
       {of(charge.idle, IdleCause::Dependency) + of(charge.idle, IdleCause::Overhead),
        "dependency"}}};
  return std::ranges::max_element(shares, {}, &Share::cycles)->name;
}

/// Core cycles that the counted memory bytes take at peak bandwidth.
std::int64_t cyclesAtPeak(const Machine& machine, const ReadWrite& bytes) {
  double peak = 0;
  for (const MemoryConfig& memory : machine.chip.memories) peak += memory.peakBytesPerSecond();
  if (peak <= 0 || machine.chip.idealMemory) return 0;
  const double seconds = static_cast<double>(bytes.read + bytes.write) / peak;
  return static_cast<std::int64_t>(seconds * machine.chip.clockMhz * 1e6);
}

/// Multiply-accumulates a cycle at best, in the format that the program's products use.
double peakMacsPerCycle(const Machine& machine) {
  const ArrayConfig& array = machine.chip.array;
  const auto rate = array.macsPerCycle.find(arrayFormat(machine.program.precision));
  const double perPe = rate == array.macsPerCycle.end() ? 1 : rate->second;
  return perPe * static_cast<double>(array.rows * array.cols);
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

LayerResult layerResult(const Machine& machine, std::size_t index, const Charge& charge) {
  const isa::Layer& layer = machine.program.layers[index];
  const LayerTally& tally = machine.layers[index];
  LayerResult result;
  result.name = layer.name;
  result.op = layer.op;
  result.outputShape = toString(layer.outputShape);
  result.macs = tally.counters.macs;
  result.cycles = charge.end - charge.begin;
  result.startCycle = std::max<std::int64_t>(tally.start, 0);
  result.endCycle = tally.finish;
  result.utilization = share(static_cast<double>(result.macs),
                             static_cast<double>(result.cycles) * peakMacsPerCycle(machine));
  result.boundBy = boundBy(charge, tally.counters, cyclesAtPeak(machine, tally.counters.dramBytes));
  result.stalls = stallsOf(charge.idle);
  result.counters = tally.counters;
  return result;
}

/// 0 with ideal memory, which takes no time.
double bandwidthUtilization(const Machine& machine, const PredictResult& total) {
  if (machine.chip.idealMemory) return 0;
  double peak = 0;
  for (const MemoryConfig& memory : machine.chip.memories) peak += memory.peakBytesPerSecond();
  const ReadWrite& bytes = total.counters.dramBytes;
  return share(static_cast<double>(bytes.read + bytes.write), peak * total.timeS);
}

/// Utilization counts every MAC of the network. Those that the vector unit did (depthwise
/// convolutions) were done while the array had nothing or little to do, so they are taken out of
/// the losses, first of all out of the waiting for other engines.
void countVectorMacs(const Machine& machine, PredictResult& total) {
  const double all = static_cast<double>(total.cycles) * peakMacsPerCycle(machine);
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

/// Useful part and losses of the array's time; a run without cycles has lost nothing.
void splitTime(const Machine& machine, std::int64_t fillCycles, PredictResult& total) {
  const ArrayConfig& array = machine.chip.array;
  const auto pes = static_cast<double>(array.rows * array.cols);
  const double all = static_cast<double>(total.cycles) * pes;
  IdleCycles idle{};
  for (const IdleInterval& interval : machine.timeline.intervals()) {
    of(idle, interval.cause) += interval.end - interval.begin;
  }
  const auto idleShare = [&](std::int64_t cycles) {
    return share(static_cast<double>(cycles), static_cast<double>(total.cycles));
  };
  total.stalls = stallsOf(idle);
  total.utilization = share(machine.arrayTime.useful, all);
  total.loss.edge = share(machine.arrayTime.edge, all);
  const auto fillDrain = static_cast<double>(fillCycles + of(idle, IdleCause::Drain));
  total.loss.fillDrain = share(machine.arrayTime.fillDrain + fillDrain * pes, all);
  total.loss.dram = idleShare(total.stalls.dram);
  total.loss.buffer = idleShare(total.stalls.buffer) + share(machine.arrayTime.buffer, all);
  total.loss.dependency = idleShare(total.stalls.dependency);
  total.loss.network = idleShare(total.stalls.network);
  total.loss.overhead = idleShare(of(idle, IdleCause::Overhead));
  countVectorMacs(machine, total);
}

}  // namespace

Npu::Prediction summarize(const Machine& machine, std::int64_t cycles, std::int64_t fillCycles) {
  Npu::Prediction prediction;
  const std::vector<Charge> charges = chargeLayers(machine);
  for (std::size_t i = 0; i < charges.size(); ++i) {
    prediction.layers.push_back(layerResult(machine, i, charges[i]));
  }
  PredictResult& total = prediction.total;
  total.cycles = cycles;
  total.timeS = machine.clock.seconds(cycles);
  for (const LayerResult& layer : prediction.layers) {
    total.counters += layer.counters;
  }
  total.macs = total.counters.macs;
  total.compulsoryDramBytes = machine.program.compulsoryDramBytes;
  total.bandwidthUtilization = bandwidthUtilization(machine, total);
  total.zeroOperandFraction =
      share(static_cast<double>(total.counters.zeroOperandMacs), static_cast<double>(total.macs));
  splitTime(machine, fillCycles, total);
  checkConservation(machine, prediction);
  return prediction;
}

}  // namespace npusim
