#include "sim/array/pe/fold_plan.h"

#include <array>
#include <bit>
#include <cmath>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

Loops loopsOf(LoopDim dim) {
  if (dim == LoopDim::K) return Loops::N;
  return dim == LoopDim::B || dim == LoopDim::OY || dim == LoopDim::OX ? Loops::M : Loops::K;
}

std::int64_t extentOf(const MatrixShape& shape, Loops loops) {
  return loops == Loops::M ? shape.m() : loops == Loops::N ? shape.n() : shape.k();
}

PlanAxis axisOf(const std::vector<LoopDim>& dims, std::int64_t pes, const MatrixShape& shape,
                std::int64_t depth) {
  PlanAxis axis;
  axis.loops = loopsOf(dims.front());
  axis.pes = pes;
  for (const LoopDim dim : dims) axis.along *= shape.extents[static_cast<std::size_t>(dim)];
  axis.repeats = extentOf(shape, axis.loops) / axis.along;
  axis.unit = axis.loops == Loops::K ? depth : 1;
  return axis;
}

Operand operandOf(Loops a, Loops b) {
  if (a != Loops::K && b != Loops::K) return Operand::Sums;
  return a != Loops::M && b != Loops::M ? Operand::Weights : Operand::Inputs;
}

Travel travelOf(const Dataflow& dataflow, Operand operand) {
  return operand == Operand::Inputs    ? dataflow.inputs
         : operand == Operand::Weights ? dataflow.weights
                                       : dataflow.outputs;
}

/// Elements between two neighbours along `loops` in the operand's dense block.
std::int64_t elementStride(const MatrixShape& shape, Operand operand, Loops loops) {
  switch (operand) {
    case Operand::Inputs:
      return loops == Loops::M ? shape.k() : loops == Loops::K ? 1 : 0;
    case Operand::Weights:
      return loops == Loops::K ? shape.n() : loops == Loops::N ? 1 : 0;
    case Operand::Sums:
      return loops == Loops::M ? shape.n() : loops == Loops::N ? 1 : 0;
  }
  throw InternalError("unknown operand");
}

Stride strideOf(const FoldPlan& plan, const MatrixShape& shape, Operand operand) {
  const auto along = [&](Loops loops) { return elementStride(shape, operand, loops); };
  return {along(plan.lines.loops) * plan.lines.unit, along(plan.lanes.loops) * plan.lanes.unit,
          along(plan.streamed) * (plan.streamed == Loops::K ? plan.depth : 1), along(Loops::K)};
}

/// What the store of the held operand moves in a step, and how long its ports take.
struct StoreUse {
  std::int64_t bytes, cycles;
};

StoreUse storeUse(const ArrayConfig& array, const FoldPlan& plan) {
  const LocalStoreConfig& stores = array.localStore;
  const OperandStoreConfig& store = plan.holdsSums                               ? stores.outputs
                                    : plan.stationaryOperand == Operand::Weights ? stores.weights
                                                                                 : stores.inputs;
  const std::int64_t bytes = plan.holdsSums ? plan.sumBytes : plan.depth * plan.operandBytes;
  const std::int64_t words = store.wordBits == 0 ? 1 : ceilDiv(bytes * 8, store.wordBits);
  const std::int64_t accesses = plan.holdsSums ? 2 * words : words;
  return {store.wordBits == 0 ? bytes : words * store.wordBits / 8, ceilDiv(accesses, store.ports)};
}

/// The folds, those of k outermost: sums come back as late as possible for their next part of k.
std::vector<Fold> foldsOf(const FoldPlan& plan, const MatrixShape& shape) {
  const auto first = [&](Operand operand, const Fold& fold) {
    return elementStride(shape, operand, plan.lines.loops) * fold.lines.first +
           elementStride(shape, operand, plan.lanes.loops) * fold.lanes.first;
  };
  std::vector<Fold> folds;
  for (std::int64_t line = 0; line < plan.lines.folds(); ++line) {
    for (std::int64_t lane = 0; lane < plan.lanes.folds(); ++lane) {
      Fold fold{plan.lines.piece(line), plan.lanes.piece(lane)};
      fold.across = first(plan.acrossOperand, fold);
      fold.stationary = first(plan.stationaryOperand, fold);
      fold.sums = first(Operand::Sums, fold);
      fold.continues = plan.lines.loops == Loops::K && line > 0;
      folds.push_back(fold);
    }
  }
  return folds;
}

void planAxes(FoldPlan& plan, const ArrayConfig& array, const MatrixShape& shape) {
  const PlanAxis rows = axisOf(array.dataflow.rows, array.rows, shape, plan.depth);
  const PlanAxis cols = axisOf(array.dataflow.cols, array.cols, shape, plan.depth);
  plan.linesAreRows = cols.loops != Loops::K;
  plan.lines = plan.linesAreRows ? rows : cols;
  plan.lanes = plan.linesAreRows ? cols : rows;
  for (const Loops loops : {Loops::M, Loops::N, Loops::K}) {
    if (loops != rows.loops && loops != cols.loops) plan.streamed = loops;
  }
  const std::int64_t extent = extentOf(shape, plan.streamed);
  plan.steps = plan.streamed == Loops::K ? ceilDiv(extent, plan.depth) : extent;
  plan.k = shape.k();
}

void planOperands(FoldPlan& plan, const Dataflow& dataflow, const MatrixShape& shape) {
  plan.holdsSums = plan.streamed == Loops::K;
  plan.acrossOperand = operandOf(plan.lines.loops, plan.streamed);
  plan.stationaryOperand = plan.holdsSums ? operandOf(plan.lanes.loops, plan.streamed)
                                          : operandOf(plan.lines.loops, plan.lanes.loops);
  plan.tree = dataflow.outputs == Travel::Tree;
  plan.across = strideOf(plan, shape, plan.acrossOperand);
  plan.stationary = strideOf(plan, shape, plan.stationaryOperand);
  plan.sums = strideOf(plan, shape, Operand::Sums);
}

void planTime(FoldPlan& plan, const ArrayConfig& array, const LinkBeats& links) {
  const StoreUse store = storeUse(array, plan);
  plan.storeBytes = store.bytes;
  plan.beat = std::max({std::int64_t{1}, std::int64_t{std::llround(1 / plan.rate)}, store.cycles});
  const std::int64_t down = plan.beat * (plan.linesAreRows ? links.downRows : links.acrossCols);
  const std::int64_t across = plan.beat * (plan.linesAreRows ? links.acrossCols : links.downRows);
  const Operand moved = plan.holdsSums ? plan.stationaryOperand : Operand::Sums;
  const auto hops = [&](Operand operand) {
    const Travel travel = travelOf(array.dataflow, operand);
    return travel == Travel::Forward || travel == Travel::Chain;
  };
  plan.acrossHop = hops(plan.acrossOperand) ? across : 0;
  plan.downHop = hops(moved) ? down : 0;
  plan.treeHop = down;
  if (plan.tree) {
    const auto last = static_cast<std::uint64_t>(plan.lines.pes - 1);
    plan.treeLevels = static_cast<std::int64_t>(std::bit_width(last));
  }
}

}  // namespace

std::int64_t PlanAxis::pieces() const { return ceilDiv(ceilDiv(along, unit), pes); }

FoldSpan PlanAxis::piece(std::int64_t fold) const {
  const std::int64_t begin = fold % pieces() * pes * unit;
  const std::int64_t elements = std::min(along - begin, pes * unit);
  return {fold / pieces() * along + begin, ceilDiv(elements, unit), elements};
}

FoldPlan planFolds(const ArrayConfig& array, const LinkBeats& links, DataType format,
                   const MatrixShape& shape) {
  const auto rate = array.macsPerCycle.find(format);
  ensure(rate != array.macsPerCycle.end(), "the array does not compute this format");
  FoldPlan plan;
  plan.rate = rate->second;
  plan.depth = std::max<std::int64_t>(1, std::llround(plan.rate));
  plan.operandBytes = byteSize(format);
  plan.sumBytes = sumBytesOf(format);
  plan.storedSumBytes = array.storedSumBytes(format);
  plan.accumulates = shape.accumulates;
  plan.startsFromSums = shape.startsFromSums();
  planAxes(plan, array, shape);
  planOperands(plan, array.dataflow, shape);
  planTime(plan, array, links);
  plan.overlapped = array.convention == Convention::Overlapped;
  plan.doubleBuffered = plan.holdsSums || (plan.overlapped && array.doubleBufferedWeights);
  plan.gatesStore = array.zeroGating && plan.depth == 1 &&
                    (plan.holdsSums || plan.stationaryOperand != Operand::Inputs);
  plan.folds = foldsOf(plan, shape);
  return plan;
}

}  // namespace npusim
