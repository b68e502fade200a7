#include <algorithm>
#include <array>

#include "kernels/mapping/replay.h"

namespace npusim::mapping {

using plan::MatrixWork;
using plan::Operand;

/// What sets a task's pace, in core cycles.
struct Evaluator::Pace {
  std::array<double, 3> queues{};  ///< of DMA: loads of weights and inputs, stores
  /// A slot goes round: it is filled, used up and filled again; the longest of all rounds, over the
  /// whole task.
  double rounds = 0;
  /// First loads: the longest one, the memory's part of all, and before the first data are there.
  double loadAlone = 0, loadMemory = 0, latency = 0;
};

void Evaluator::estimate() {
  Estimate& e = mapping_.estimate;
  e = {};
  std::visit([&](const auto& work) { compute(work); }, task_.work);
  if (context_.chip.idealMemory) {
    e.cycles = e.array;
    return;
  }
  memories_.assign(context_.chip.memories.size() + 1, {});
  Pace pace;
  const std::size_t operands = task_.operands.size();
  for (std::size_t i = 0; i < operands; ++i) account(i, pace);
  const double lastStore = account(operands, pace);
  e.memory = memoryCycles();
  const auto& queues = pace.queues;
  if (!doubled_) {
    e.cycles = e.array + e.vector + queues[0] + queues[1] + queues[2];
    return;
  }
  // Engines overlap: the busiest sets the pace, after the first loads and before the last store.
  const double firstLoads = std::max(pace.loadAlone, pace.loadMemory) + pace.latency;
  const double lastVector = e.vector / static_cast<double>(passes(mapping_.outputTile.level));
  e.cycles = std::max({e.array, e.vector, queues[0], queues[1], queues[2], e.memory, pace.rounds}) +
             firstLoads + lastVector + lastStore;
}

/// Adds what an operand's transfers take (of the output where the number is one past the last);
/// returns the cycles of one of them alone, from its issue to its last data.
double Evaluator::account(std::size_t operand, Pace& pace) {
  const bool output = operand == task_.operands.size();
  const Slot& slot = output ? mapping_.output : mapping_.operands[operand];
  if (!slot.used()) return 0;
  Estimate& e = mapping_.estimate;
  const Route& route = routes_[operand];
  const Traffic t = trafficOf(context_, output ? task_.output : task_.operands[operand],
                              output ? mapping_.outputTile : mapping_.operandTiles[operand], route);
  const auto transfers = static_cast<double>(passes(slot.level));
  const double start = issueCycles(context_.chip) + t.latency;
  const bool byArray = std::holds_alternative<MatrixWork>(task_.work) && !output;
  const double use = byArray && !behindArray(operand) ? e.array : e.vector;
  pace.queues[static_cast<std::size_t>(route.queue)] +=
      transfers * (t.alone + (doubled_ ? t.gap : start));
  pace.rounds = std::max(pace.rounds, (transfers * (t.alone + start) + use) / slot.depth);
  if (!output) {
    pace.loadAlone = std::max(pace.loadAlone, t.alone);
    pace.loadMemory += t.memory;
    pace.latency = std::max(pace.latency, start);
  }
  e.dramBytes += transfers * t.bytes;
  MemoryLoad& load = memories_[route.memory];
  load.moving += transfers * t.memory;
  load.switching += transfers * t.switching;
  load.mostSwitching = std::max(load.mostSwitching, transfers * t.switching);
  return t.alone + start;
}

/// Of the busiest memory. Transfers close each other's rows only while two of them move, so the
/// operand with most of them finds its rows closed no more often than all others.
double Evaluator::memoryCycles() const {
  double most = 0;
  for (const MemoryLoad& load : memories_) {
    const double others = load.switching - load.mostSwitching;
    most = std::max(most, load.moving + 2 * std::min(load.mostSwitching, others));
  }
  return most;
}

double Evaluator::replay(const Mapping& mapping, std::int64_t mostTiles) {
  const TileTimes times{
      .transfer = [&](std::size_t operand, const Tiling& tiling) -> TransferTime {
        const bool output = operand == task_.operands.size();
        const Operand& what = output ? task_.output : task_.operands[operand];
        OperandTile tile;
        tileOf(task_, what, output || behindArray(operand) ? resultTiling(task_, tiling) : tiling,
               tile);
        const Route& route = routes_[operand];
        return {trafficOf(context_, what, tile, route), route.memory};
      },
      .array =
          [&](const Tiling& tiling) { return timingOf(std::get<MatrixWork>(task_.work), tiling); },
      .vector =
          [&](const Tiling& tiling) {
            using namespace plan;
            if (const auto* work = std::get_if<VectorWork>(&task_.work)) {
              return passCycles(*work, tiling);
            }
            const Tiling results = resultTiling(task_, tiling);
            const std::int64_t sums = tileElements(results, std::array<int, 4>{M0, M1, M2, N});
            return static_cast<double>(postCycles(std::get<MatrixWork>(task_.work), sums));
          }};
  return Replay(context_, task_, times).cycles(mapping, mostTiles);
}

double cost(const Context& context, const Estimate& estimate) {
  if (context.objective == Objective::Latency) return estimate.cycles;
  double dramPjPerByte = 0;
  for (const MemoryConfig& memory : context.chip.memories) {
    dramPjPerByte = std::max(dramPjPerByte, memory.energyPjPerBit * 8);
  }
  // Relative weights only: a buffer byte counts 1 pJ, of the order of the tables in configs/energy.
  const double idlePj = context.chip.power.clockTreePjPerCycle +
                        context.chip.power.idleW * 1e6 / context.chip.clockMhz;
  const double energy =
      estimate.dramBytes * dramPjPerByte + estimate.bufferBytes + estimate.cycles * idlePj;
  return context.objective == Objective::Energy ? energy : energy * estimate.cycles;
}

}  // namespace npusim::mapping
