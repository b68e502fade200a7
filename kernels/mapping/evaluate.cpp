#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/mapping/mapping.h"
#include "sim/laws/array_law.h"
#include "sim/laws/vector_law.h"

namespace npusim::mapping {
namespace {

using plan::Block;
using plan::MatrixWork;
using plan::Operand;
using plan::Task;

/// Share of the nominal memory bandwidth that long transfers reach, and the cycles from issue to
/// first data: planning figures only, the machine times every row visit.
constexpr double kMemoryEfficiency = 0.92;
constexpr double kMemoryLatencyS = 80e-9;

/// Loads of one operand or stores of the output over the whole task.
struct Traffic {
  double transfers = 0;
  double bytes = 0;        ///< as moved: whole bursts
  double cycles = 0;       ///< of its DMA engine
  double firstCycles = 0;  ///< one transfer
};

class Evaluation {
 public:
  Evaluation(const Context& context, const Task& task, const Tiling& tiling, bool doubled)
      : context_(context), task_(task), doubled_(doubled) {
    mapping_.tiling = tiling;
  }

  std::optional<Mapping> run() {
    if (std::holds_alternative<plan::CopyWork>(task_.work)) return copies();
    placeOperands();
    placeOutput();
    if (std::holds_alternative<plan::VectorWork>(task_.work)) placeTemporaries();
    for (std::size_t s = 0; s < context_.freeBytes.size(); ++s) {
      const auto storage = static_cast<isa::StorageId>(s);
      if (mapping_.bytesIn(storage) > context_.freeBytes[s]) return std::nullopt;
    }
    estimate();
    return std::move(mapping_);
  }

 private:
  std::int64_t passes(int level) const {
    std::int64_t count = 1;
    for (int depth = 0; depth <= level; ++depth) {
      count *=
          tileCount(task_, mapping_.tiling, mapping_.tiling.order[static_cast<std::size_t>(depth)]);
    }
    return count;
  }

  /// A copy goes from block to block and needs no slots.
  Mapping copies() {
    for (const Operand& operand : task_.operands) {
      mapping_.operandTiles.push_back(tileOf(task_, operand, mapping_.tiling));
      mapping_.operands.emplace_back();
    }
    mapping_.outputTile = tileOf(task_, task_.output, mapping_.tiling);
    return std::move(mapping_);
  }

  Slot slot(isa::StorageId storage, std::int64_t bytes, int level) const {
    return {storage, bytes, doubled_ && passes(level) > 1 ? 2 : 1, level};
  }

  void placeOperands() {
    const auto* matrix = std::get_if<MatrixWork>(&task_.work);
    for (std::size_t i = 0; i < task_.operands.size(); ++i) {
      const Operand& operand = task_.operands[i];
      mapping_.operandTiles.push_back(tileOf(task_, operand, mapping_.tiling));
      const OperandTile& tile = mapping_.operandTiles.back();
      if (context_.plan.block(operand.block).resident) {
        mapping_.operands.emplace_back();
        continue;
      }
      const bool weights = matrix != nullptr && static_cast<int>(i) == matrix->b;
      const isa::StorageId storage =
          weights ? context_.storages.weightBuffer : context_.storages.activationBuffer;
      mapping_.operands.push_back(slot(storage, tile.bytes, tile.level));
    }
  }

  void placeOutput() {
    mapping_.outputTile = tileOf(task_, task_.output, mapping_.tiling);
    if (!context_.plan.block(task_.output.block).resident) {
      mapping_.output = slot(context_.storages.activationBuffer, mapping_.outputTile.bytes,
                             mapping_.outputTile.level);
    }
    if (std::holds_alternative<MatrixWork>(task_.work)) {
      using namespace plan;
      const std::int64_t sums = tileElements(mapping_.tiling, {M0, M1, M2, N});
      mapping_.accumulators =
          slot(context_.storages.accumulators, sums * kPartialSumBytes, mapping_.outputTile.level);
    }
  }

  void placeTemporaries() {
    for (const plan::Temporary& temporary : std::get<plan::VectorWork>(task_.work).temporaries) {
      const std::int64_t bytes = tileElements(mapping_.tiling, temporary.dims) * 4;
      mapping_.temporaries.push_back({context_.storages.activationBuffer, bytes, 1, -1});
    }
  }

  Traffic traffic(const Operand& operand, const OperandTile& tile, const Slot& slot) const {
    if (!slot.used()) return {};
    const double run = static_cast<double>(contiguousBytes(operand, tile));
    const auto burst = static_cast<double>(context_.chip.dma.minBurstBytes);
    Traffic result;
    result.transfers = static_cast<double>(passes(slot.level));
    const double once = static_cast<double>(tile.bytes);
    const double moved = std::max(once, once / run * std::ceil(run / burst) * burst);
    result.bytes = moved * result.transfers;
    const double perByte = std::max(1 / memoryBytesPerCycle(operand),
                                    1.0 / static_cast<double>(context_.chip.dma.widthBytes));
    result.firstCycles = moved * perByte + static_cast<double>(context_.chip.dma.issueCycles) +
                         kMemoryLatencyS * context_.chip.clockMhz * 1e6;
    result.cycles = result.firstCycles * result.transfers;
    return result;
  }

  double memoryBytesPerCycle(const Operand& operand) const {
    const bool weights = context_.plan.block(operand.block).kind == Block::Kind::Weights;
    const isa::StorageId id =
        weights ? context_.storages.weightMemory : context_.storages.activationMemory;
    const auto index = id - static_cast<isa::StorageId>(context_.chip.buffers.size());
    if (index < 0) return static_cast<double>(context_.chip.dma.widthBytes);
    return context_.chip.memories.at(static_cast<std::size_t>(index)).peakBytesPerSecond() *
           kMemoryEfficiency / (context_.chip.clockMhz * 1e6);
  }

  void estimate() {
    Estimate& e = mapping_.estimate;
    std::array<double, 2> loads{};  // by queue: weights, inputs
    double first = 0;
    double memoryCycles = 0;
    const auto account = [&](const Operand& operand, const Traffic& t) {
      e.dramBytes += t.bytes;
      memoryCycles += t.bytes / memoryBytesPerCycle(operand);
    };
    for (std::size_t i = 0; i < task_.operands.size(); ++i) {
      const Operand& operand = task_.operands[i];
      const Traffic t = traffic(operand, mapping_.operandTiles[i], mapping_.operands[i]);
      const bool weights = context_.plan.block(operand.block).kind == Block::Kind::Weights;
      loads[weights ? 0 : 1] += t.cycles;
      first = std::max(first, t.firstCycles);
      account(operand, t);
    }
    const Traffic store = traffic(task_.output, mapping_.outputTile, mapping_.output);
    account(task_.output, store);
    if (context_.chip.idealMemory) e.dramBytes = 0;
    std::visit([&](const auto& work) { compute(work); }, task_.work);
    e.memory = context_.chip.idealMemory ? 0 : memoryCycles;
    const double outputTiles = static_cast<double>(passes(mapping_.outputTile.level));
    const double lastVector = outputTiles > 0 ? e.vector / outputTiles : 0;
    if (context_.chip.idealMemory) {
      e.cycles = e.array;
    } else if (doubled_) {
      e.cycles = std::max({e.array, e.vector, loads[0], loads[1], store.cycles, e.memory}) + first +
                 lastVector + store.firstCycles;
    } else {
      e.cycles = e.array + e.vector + loads[0] + loads[1] + store.cycles;
    }
  }

  /// Calls `visit(tile extents, how many such tiles)` for each combination of full and ragged
  /// tiles over the matrix dimensions.
  template <typename Visit>
  void forEachTileShape(std::size_t dim, std::array<std::int64_t, plan::kMatrixDims>& extents,
                        std::int64_t count, const Visit& visit) const {
    if (dim == extents.size()) {
      visit(extents, count);
      return;
    }
    const std::int64_t extent = task_.dims[dim].extent;
    const std::int64_t tile = mapping_.tiling.tile[dim];
    extents[dim] = tile;
    if (extent / tile > 0) forEachTileShape(dim + 1, extents, count * (extent / tile), visit);
    if (extent % tile == 0) return;
    extents[dim] = extent % tile;
    forEachTileShape(dim + 1, extents, count, visit);
  }

  void compute(const MatrixWork& work) {
    using namespace plan;
    Estimate& e = mapping_.estimate;
    const DataType format = task_.operands[static_cast<std::size_t>(work.a)].type;
    const DataType rate = context_.plan.precision;
    const auto kTiles = static_cast<double>(tileCount(task_, mapping_.tiling, K0) *
                                            tileCount(task_, mapping_.tiling, K1) *
                                            tileCount(task_, mapping_.tiling, K2));
    ArrayTiming last;
    std::array<std::int64_t, kMatrixDims> t{};
    forEachTileShape(0, t, 1, [&](const auto& x, std::int64_t count) {
      const MatrixShape shape{x[M0] * x[M1] * x[M2], x[N], x[K0] * x[K1] * x[K2]};
      last = arrayTiming(context_.chip.array, rate, shape);
      const auto n = static_cast<double>(count);
      e.array += n * std::max<double>(static_cast<double>(last.stream),
                                      static_cast<double>(context_.chip.issueCycles));
      e.bufferBytes +=
          n * static_cast<double>(shape.m * shape.k + shape.k * shape.n) * byteSize(format);
      e.vector += n / kTiles * static_cast<double>(postCycles(work, shape.m * shape.n));
    });
    e.array += static_cast<double>(last.prologue + last.drain);
  }

  std::int64_t postCycles(const MatrixWork& work, std::int64_t elements) const {
    VectorShape shape{.elements = elements, .outputs = elements};
    for (const isa::VectorStep& step : work.steps) {
      ++shape.postSteps[static_cast<std::size_t>(costClass(step.op))];
    }
    shape.afterArray = true;
    return vectorCycles(context_.chip.vector, shape);
  }

  void compute(const plan::VectorWork& work) {
    const auto tiles =
        static_cast<double>(passes(static_cast<int>(mapping_.tiling.order.size()) - 1));
    for (const plan::Pass& pass : work.passes) {
      VectorShape shape;
      shape.elements = tileElements(mapping_.tiling, pass.dims);
      shape.outputs =
          tileElements(mapping_.tiling, {pass.dims.begin(), pass.dims.end() - pass.reduceDims});
      shape.reduces = pass.reduceDims > 0;
      for (const auto& step : pass.pre)
        ++shape.preSteps[static_cast<std::size_t>(costClass(step.op))];
      for (const auto& step : pass.post)
        ++shape.postSteps[static_cast<std::size_t>(costClass(step.op))];
      mapping_.estimate.vector +=
          tiles * static_cast<double>(vectorCycles(context_.chip.vector, shape));
    }
  }

  void compute(const plan::CopyWork&) {}  // evaluated by copies()

  const Context& context_;
  const Task& task_;
  bool doubled_;
  Mapping mapping_;
};

}  // namespace

std::int64_t aligned(std::int64_t bytes) {
  return (bytes + kSlotAlignment - 1) / kSlotAlignment * kSlotAlignment;
}

std::int64_t Mapping::bytesIn(isa::StorageId storage) const {
  std::int64_t bytes = 0;
  const auto add = [&](const Slot& slot) {
    if (slot.used() && slot.storage == storage) bytes += aligned(slot.total());
  };
  for (const Slot& slot : operands) add(slot);
  for (const Slot& slot : temporaries) add(slot);
  add(output);
  add(accumulators);
  return bytes;
}

std::optional<Mapping> evaluate(const Context& context, const plan::Task& task,
                                const Tiling& tiling, bool doubled) {
  return Evaluation(context, task, tiling, doubled).run();
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
