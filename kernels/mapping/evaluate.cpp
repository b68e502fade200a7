#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/mapping/mapping.h"
#include "sim/core/rounding.h"
#include "sim/laws/array_law.h"
#include "sim/laws/lockstep_law.h"
#include "sim/laws/vector_law.h"

namespace npusim::mapping {
namespace {

using plan::Block;
using plan::MatrixWork;
using plan::Operand;
using plan::Task;

/// Time from a load's issue to its first data: a planning figure only, the machine times every row
/// visit.
constexpr double kMemoryLatencyS = 80e-9;

/// Share of an instruction's prologue and drain that shows although the next one may overlap it:
/// it does whenever an operand comes late.
constexpr double kShownSkew = 0.25;

using MatrixTile = std::array<std::int64_t, plan::kMatrixDims>;

/// Calls `visit(tile extents, how many such tiles)` for each combination of full and ragged tiles
/// over the matrix dimensions.
template <typename Visit>
void forEachTileShape(const Task& task, const Tiling& tiling, std::size_t dim, MatrixTile& extents,
                      std::int64_t count, const Visit& visit) {
  if (dim == extents.size()) {
    visit(extents, count);
    return;
  }
  const std::int64_t extent = task.dims[dim].extent;
  const std::int64_t tile = tiling.tile[dim];
  extents[dim] = tile;
  if (extent / tile > 0) {
    forEachTileShape(task, tiling, dim + 1, extents, count * (extent / tile), visit);
  }
  if (extent % tile == 0) return;
  extents[dim] = extent % tile;
  forEachTileShape(task, tiling, dim + 1, extents, count, visit);
}

/// Runs of constant weights, which are laid out by column tiles once the tiling is known: the
/// axes after the first one that is cut lie together.
Runs blockedRuns(const Operand& operand, const OperandTile& tile) {
  Runs runs{byteSize(operand.type), 0, 0};
  for (std::size_t a = operand.axes.size(); a-- > 0;) {
    runs.bytes *= tile.axes[a].length;
    const bool column = a + 1 == operand.axes.size();
    if (!column && tile.axes[a].length != operand.axes[a].extent) break;
  }
  runs.pitch = runs.piece = runs.bytes;
  return runs;
}

void countSteps(const std::vector<isa::VectorStep>& steps, std::array<std::int64_t, 3>& counts) {
  for (const isa::VectorStep& step : steps) {
    ++counts[static_cast<std::size_t>(costClass(step.op))];
  }
}

}  // namespace

/// Loads of one operand or stores of the output over the whole task.
struct Evaluator::Traffic {
  double bytes = 0;         ///< as moved: whole bursts
  double memoryCycles = 0;  ///< of the memory: data or activates, whichever takes longer
  double cycles = 0;        ///< of its DMA engine
  double firstCycles = 0;   ///< one transfer
};

Evaluator::Evaluator(const Context& context, const Task& task) : context_(context), task_(task) {
  const auto* matrix = std::get_if<MatrixWork>(&task.work);
  for (std::size_t i = 0; i < task.operands.size(); ++i) {
    const Operand& operand = task.operands[i];
    const bool constant = context.plan.block(operand.block).kind == Block::Kind::Weights;
    const bool weights = matrix != nullptr && static_cast<int>(i) == matrix->b;
    routes_.push_back(route(operand, weights, constant ? 0 : 1));
  }
  routes_.push_back(route(task.output, false, 2));
  mapping_.operandTiles.resize(task.operands.size());
  mapping_.operands.resize(task.operands.size());
  if (const auto* work = std::get_if<plan::VectorWork>(&task.work)) {
    mapping_.temporaries.resize(work->temporaries.size());
  }
}

const Mapping* Evaluator::evaluate(const Tiling& tiling, bool doubled) {
  for (std::size_t d = 0; d < task_.dims.size(); ++d) {
    if (!tilesWell(task_, static_cast<int>(d), tiling.tile[d])) return nullptr;
  }
  mapping_.tiling = tiling;
  mapping_.results = resultTiling(task_, tiling);
  doubled_ = doubled && !context_.plan.supersteps;
  placeOperands();
  placeOutput();
  if (std::holds_alternative<plan::VectorWork>(task_.work)) placeTemporaries();
  if (!fits()) return nullptr;
  estimate();
  return &mapping_;
}

bool Evaluator::fits() const {
  for (std::size_t s = 0; s < context_.freeBytes.size(); ++s) {
    const auto storage = static_cast<isa::StorageId>(s);
    if (mapping_.bytesIn(storage) > context_.freeBytes[s]) return false;
  }
  return true;
}

std::int64_t Evaluator::passes(int level) const {
  std::int64_t count = 1;
  for (int depth = 0; depth <= level; ++depth) {
    const int dim = mapping_.tiling.order[static_cast<std::size_t>(depth)];
    count *= tileCount(task_, mapping_.tiling, dim);
  }
  return count;
}

Slot Evaluator::slot(isa::StorageId storage, std::int64_t bytes, int level) const {
  if (storage < 0) return {};
  return {storage, bytes, doubled_ && passes(level) > 1 ? 2 : 1, level};
}

void Evaluator::placeOperands() {
  for (std::size_t i = 0; i < task_.operands.size(); ++i) {
    OperandTile& tile = mapping_.operandTiles[i];
    tileOf(task_, task_.operands[i], behindArray(i) ? mapping_.results : mapping_.tiling, tile);
    mapping_.operands[i] = slot(routes_[i].slotStorage, tile.bytes, tile.level);
  }
}

/// Does the vector unit read the operand when the array is done?
bool Evaluator::behindArray(std::size_t operand) const {
  const auto* work = std::get_if<MatrixWork>(&task_.work);
  const auto i = static_cast<int>(operand);
  return work != nullptr && i != work->a && i != work->b && i != work->bias;
}

/// Results as wide as their sums that wait in the same buffer take the sums' place.
bool Evaluator::replacesSums() const {
  return mapping_.output.used() && mapping_.output.storage == mapping_.accumulators.storage &&
         task_.output.type == context_.plan.sumType && byteSize(task_.output.type) == 2 &&
         mapping_.output.bytes == mapping_.accumulators.bytes;
}

void Evaluator::placeOutput() {
  using namespace plan;
  OperandTile& tile = mapping_.outputTile;
  tileOf(task_, task_.output, mapping_.results, tile);
  mapping_.inPlace = false;
  mapping_.output = slot(routes_.back().slotStorage, tile.bytes, tile.level);
  if (!std::holds_alternative<MatrixWork>(task_.work)) return;
  const std::int64_t sums = tileElements(mapping_.results, std::array<int, 4>{M0, M1, M2, N});
  mapping_.accumulators =
      slot(context_.storages.accumulators, sums * context_.chip.array.partialSumBytes, tile.level);
  mapping_.inPlace = replacesSums();
}

void Evaluator::placeTemporaries() {
  const auto& temporaries = std::get<plan::VectorWork>(task_.work).temporaries;
  for (std::size_t i = 0; i < temporaries.size(); ++i) {
    const std::int64_t bytes = tileElements(mapping_.tiling, temporaries[i].dims) * 4;
    mapping_.temporaries[i] = {context_.storages.activationBuffer, bytes, 1, -1};
  }
}

Evaluator::Traffic Evaluator::traffic(const Operand& operand, const OperandTile& tile,
                                      const Slot& slot, const Route& route) const {
  if (!slot.used()) return {};
  const Runs runs = route.streamed  ? Runs{tile.bytes, tile.bytes, tile.bytes}
                    : route.blocked ? blockedRuns(operand, tile)
                                    : runsOf(operand, tile, route.byStride);
  const auto run = static_cast<double>(runs.bytes);
  const auto burst = static_cast<double>(context_.chip.dma.minBurstBytes);
  const auto transfers = static_cast<double>(passes(slot.level));
  const double count = static_cast<double>(tile.bytes) / run;
  const double moved =
      std::max(static_cast<double>(tile.bytes), count * std::ceil(run / burst) * burst);
  // Runs that lie further apart than a row each open one in every channel they touch; closer ones
  // share it.
  const double rows =
      route.rowBytes > 0
          ? count * std::max(run / route.rowBytes,
                             std::min(1.0, static_cast<double>(runs.pitch) / route.rowBytes))
          : 0;
  const double activates = rows * std::min(1.0, std::ceil(run / route.burstBytes) / route.channels);
  const double memory =
      std::max(moved / route.memoryBytesPerCycle, activates * route.activateCycles);
  const double once =
      std::max(memory, static_cast<double>(tile.bytes / runs.piece *
                                           ceilDiv(runs.piece, context_.chip.dma.widthBytes)));
  Traffic result;
  result.bytes = moved * transfers;
  result.memoryCycles = memory * transfers;
  result.firstCycles = once + static_cast<double>(context_.chip.dma.issueCycles) +
                       kMemoryLatencyS * context_.chip.clockMhz * 1e6;
  result.cycles = result.firstCycles * transfers;
  return result;
}

void Evaluator::estimate() {
  Estimate& e = mapping_.estimate;
  e = {};
  std::visit([&](const auto& work) { compute(work); }, task_.work);
  if (context_.chip.idealMemory) {
    e.cycles = e.array;
    return;
  }
  std::array<double, 3> queues{};  // loads of weights and inputs, stores
  double firstLoad = 0;
  const auto account = [&](const Traffic& t, const Route& route) {
    queues[static_cast<std::size_t>(route.queue)] += t.cycles;
    e.dramBytes += t.bytes;
    e.memory += t.memoryCycles;
  };
  for (std::size_t i = 0; i < task_.operands.size(); ++i) {
    const Traffic t =
        traffic(task_.operands[i], mapping_.operandTiles[i], mapping_.operands[i], routes_[i]);
    firstLoad = std::max(firstLoad, t.firstCycles);
    account(t, routes_[i]);
  }
  const Traffic store = traffic(task_.output, mapping_.outputTile, mapping_.output, routes_.back());
  account(store, routes_.back());
  if (!doubled_) {
    e.cycles = e.array + e.vector + queues[0] + queues[1] + queues[2];
    return;
  }
  // Engines overlap: the busiest sets the pace, after the first load and before the last store.
  const double lastVector = e.vector / static_cast<double>(passes(mapping_.outputTile.level));
  e.cycles = std::max({e.array, e.vector, queues[0], queues[1], queues[2], e.memory}) + firstLoad +
             lastVector + store.firstCycles;
}

void Evaluator::compute(const MatrixWork& work) {
  using namespace plan;
  Estimate& e = mapping_.estimate;
  const DataType format = context_.plan.precision;
  const auto kTiles = static_cast<double>(tileCount(task_, mapping_.tiling, K0) *
                                          tileCount(task_, mapping_.tiling, K1) *
                                          tileCount(task_, mapping_.tiling, K2));
  ArrayTiming last;
  MatrixTile extents{};
  forEachTileShape(task_, mapping_.tiling, 0, extents, 1, [&](const auto& x, std::int64_t count) {
    MatrixShape shape;  // of sums that begin anew: what continued ones add is a fill of the array
    shape.extents = {x[M0], x[M1], x[M2], x[N], x[K0], x[K1], x[K2]};
    shape.strides = work.strides;
    shape.dilations = work.dilations;
    if (work.mapping) shape.pass = work.mapping->pass;
    last = timingOf(format, shape);
    const auto n = static_cast<double>(count);
    e.array += n * instructionCycles(last);
    e.bufferBytes +=
        n * static_cast<double>((shape.m() + shape.n()) * shape.k()) * byteSize(format);
    e.vector += n / kTiles * static_cast<double>(postCycles(work, shape.m() * shape.n()));
  });
}

/// Laws that search for a mapping or a dealing of their own are slow, and tilings share most of
/// their shapes.
ArrayTiming Evaluator::timingOf(DataType format, const MatrixShape& shape) {
  const bool systolic = context_.chip.array.dataflow.kind == ArrayKind::Systolic;
  if (systolic && arraysInStep(context_.chip) == 1) {
    return arrayTiming(context_.chip, format, shape);
  }
  const auto known = timings_.find(shape);
  if (known != timings_.end()) return known->second;
  return timings_.emplace(shape, arrayTiming(context_.chip, format, shape)).first->second;
}

double Evaluator::instructionCycles(const ArrayTiming& timing) const {
  const auto stream = static_cast<double>(std::max(timing.stream, context_.chip.issueCycles));
  const auto skew = static_cast<double>(timing.prologue + timing.drain);
  if (context_.chip.array.convention == Convention::ScaleSim) return stream;
  return stream + (context_.chip.array.doubleBufferedWeights ? kShownSkew * skew : skew);
}

std::int64_t Evaluator::postCycles(const MatrixWork& work, std::int64_t elements) const {
  VectorShape shape{.elements = elements, .outputs = elements};
  countSteps(work.steps, shape.postSteps);
  shape.afterArray = true;
  return vectorCycles(context_.chip.vector, shape);
}

void Evaluator::compute(const plan::VectorWork& work) {
  const auto tiles =
      static_cast<double>(passes(static_cast<int>(mapping_.tiling.order.size()) - 1));
  for (const plan::Pass& pass : work.passes) {
    const std::span<const int> dims = pass.dims;
    VectorShape shape;
    shape.elements = tileElements(mapping_.tiling, dims);
    shape.outputs = tileElements(
        mapping_.tiling, dims.first(dims.size() - static_cast<std::size_t>(pass.reduceDims)));
    shape.reduces = pass.reduceDims > 0;
    countSteps(pass.pre, shape.preSteps);
    countSteps(pass.post, shape.postSteps);
    mapping_.estimate.vector +=
        tiles * static_cast<double>(vectorCycles(context_.chip.vector, shape));
  }
}

void Evaluator::compute(const plan::CopyWork&) {}  // from block to block, nothing to choose

std::int64_t aligned(std::int64_t bytes) { return roundUp(bytes, kSlotAlignment); }

std::int64_t Mapping::bytesIn(isa::StorageId storage) const {
  std::int64_t bytes = 0;
  const auto add = [&](const Slot& slot) {
    if (slot.used() && slot.storage == storage) bytes += aligned(slot.total());
  };
  for (const Slot& slot : operands) add(slot);
  for (const Slot& slot : temporaries) add(slot);
  if (!inPlace) add(output);
  add(accumulators);
  return bytes;
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
