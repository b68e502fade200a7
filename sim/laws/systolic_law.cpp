#include "sim/laws/systolic_law.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/core/error.h"
#include "sim/core/rounding.h"
#include "sim/laws/loop_groups.h"

namespace npusim {
namespace {

/// What runs along the rows or the columns of the array.
struct Axis {
  LoopGroup group;
  std::int64_t lanes;  ///< PEs that the whole product needs along this axis, over all folds
  std::int64_t folds;
};

/// The product as the array sees it.
struct Folding {
  Axis rows, cols;
  LoopGroup streamed;
  std::int64_t depth;   ///< MACs of a PE in a step, along k
  std::int64_t steps;   ///< that stream in a fold
  std::int64_t beat;    ///< cycles of a step
  std::int64_t kSteps;  ///< PE-steps that one output needs
  std::int64_t folds() const { return rows.folds * cols.folds; }
  std::int64_t streamCycles() const { return steps * beat; }
  std::int64_t foldsOfK() const {
    return rows.group == kK ? rows.folds : cols.group == kK ? cols.folds : 1;
  }
};

Axis axisOf(const std::vector<LoopDim>& loops, std::int64_t pes, const MatrixShape& shape,
            std::int64_t depth) {
  Axis axis{groupOf(loops.front()), 0, 0};
  const std::size_t all = kLoopBegins[axis.group + 1] - kLoopBegins[axis.group];
  const std::int64_t whole = extentOf(shape, axis.group, all);
  const std::int64_t along = extentOf(shape, axis.group, loops.size());
  const std::int64_t repeats = whole / along;
  const std::int64_t lanes = ceilDiv(along, axis.group == kK ? depth : 1);
  axis.lanes = repeats * lanes;
  axis.folds = repeats * ceilDiv(lanes, pes);
  return axis;
}

/// Accesses that a PE's store serves for `bytes` of an operand, and the bytes they move.
std::int64_t accesses(const OperandStoreConfig& store, std::int64_t bytes) {
  return store.wordBits == 0 ? 1 : ceilDiv(bytes * 8, store.wordBits);
}
std::int64_t storeBytes(const OperandStoreConfig& store, std::int64_t bytes) {
  return store.wordBits == 0 ? bytes : accesses(store, bytes) * store.wordBits / 8;
}

/// The held operand's store, what a PE takes of it in a step, and whether it is read and written.
struct Held {
  const OperandStoreConfig* store;
  std::int64_t bytes;
  bool written;
};

Held heldOf(const ArrayConfig& array, DataType format, std::int64_t depth) {
  const std::int64_t operand = depth * byteSize(format);
  if (array.dataflow.holdsOutputs()) return {&array.localStore.outputs, sumBytesOf(format), true};
  const bool weights = array.dataflow.weights == Travel::Hold;
  return {weights ? &array.localStore.weights : &array.localStore.inputs, operand, false};
}

ReadWrite* heldStore(const Dataflow& dataflow, ByOperand<ReadWrite>& stores) {
  if (dataflow.holdsOutputs()) return &stores.outputs;
  return dataflow.weights == Travel::Hold ? &stores.weights : &stores.inputs;
}

/// Cycles between two steps of a PE: what its multiplier needs for the format, or what the ports of
/// its store need.
std::int64_t beatCycles(double rate, const Held& held) {
  const std::int64_t multiplier = std::max<std::int64_t>(1, std::llround(1 / rate));
  const std::int64_t each = accesses(*held.store, held.bytes) * (held.written ? 2 : 1);
  return std::max(multiplier, ceilDiv(each, held.store->ports));
}

Folding fold(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  const auto [depth, beat] = systolicStep(array, format);
  const Axis rows = axisOf(array.dataflow.rows, array.rows, shape, depth);
  const Axis cols = axisOf(array.dataflow.cols, array.cols, shape, depth);
  const LoopGroup streamed = otherGroup(rows.group, cols.group);
  const std::int64_t extent =
      extentOf(shape, streamed, kLoopBegins[streamed + 1] - kLoopBegins[streamed]);
  Folding f{rows, cols, streamed, depth, extent, 1, 1};
  if (streamed == kK) f.steps = ceilDiv(extent, depth);
  f.beat = beat;
  f.kSteps = streamed == kK ? f.steps : rows.group == kK ? rows.lanes : cols.lanes;
  return f;
}

/// Beats by which the last PE along an axis lags, when `travel` takes an operand there.
std::int64_t lag(Travel travel, std::int64_t pes) {
  switch (travel) {
    case Travel::Forward:
    case Travel::Chain:
      return pes - 1;
    case Travel::Tree:
      return static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(pes - 1)));
    case Travel::Hold:
    case Travel::Broadcast:
      return 0;
  }
  throw InternalError("unknown travel");
}

/// How the operand that two of m, n, k index travels.
Travel travelOf(const Dataflow& dataflow, LoopGroup a, LoopGroup b) {
  if (a != kM && b != kM) return dataflow.weights;
  return a != kN && b != kN ? dataflow.inputs : dataflow.outputs;
}

/// An operand that the columns index travels from row to row, and the other way round.
std::int64_t skewCycles(const ArrayConfig& array, const Folding& f) {
  const std::int64_t down = lag(travelOf(array.dataflow, f.cols.group, f.streamed), array.rows);
  const std::int64_t across = lag(travelOf(array.dataflow, f.rows.group, f.streamed), array.cols);
  return (down + across) * f.beat;
}

/// Cycles that folds wait for sums which are still in the chain: a round of folds, one for each
/// piece of the outputs, adds its part of k to the sums that the round before let go.
std::int64_t chainStall(const ArrayConfig& array, const Folding& f, std::int64_t slot) {
  if (array.dataflow.outputs != Travel::Chain) return 0;
  const std::int64_t chain = (f.rows.group == kK ? array.rows : array.cols) * f.beat;
  const std::int64_t round = f.folds() / f.foldsOfK() * slot;
  return (f.foldsOfK() - 1) * std::max<std::int64_t>(0, chain - round);
}

/// PE-cycles that no operand of the product took.
void countLostTime(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                   const Folding& f, ArrayWork& work) {
  const auto pes = static_cast<double>(array.rows * array.cols);
  const auto streaming = static_cast<double>(f.folds() * f.streamCycles());
  const auto total = static_cast<double>(systolicTiming(array, format, shape).total());
  work.edgePeCycles =
      streaming * pes - static_cast<double>(shape.macs()) / array.macsPerCycle.at(format);
  work.fillDrainPeCycles = (total - streaming) * pes;
}

/// How often an operand that two of m, n, k index is read: a travelling one for each fold of the
/// axis that does not index it.
std::int64_t fetches(const Folding& f, LoopGroup a, LoopGroup b) {
  if (a != f.streamed && b != f.streamed) return 1;
  const LoopGroup onAxis = a == f.streamed ? b : a;
  return f.rows.group == onAxis ? f.cols.folds : f.rows.folds;
}

/// What the held operand costs in the PEs' stores: one filling of every lane, and every step.
ReadWrite heldTraffic(const Folding& f, const Held& held, const MatrixShape& shape) {
  const std::int64_t word = storeBytes(*held.store, held.bytes);
  const std::int64_t fillings = f.rows.lanes * f.cols.lanes * word;
  const std::int64_t steps = shape.m() * shape.n() * f.kSteps * word;
  if (!held.written) return {steps, fillings};
  return {steps + fillings, steps + (shape.startsFromSums() ? fillings : 0)};
}

}  // namespace

SystolicStep systolicStep(const ArrayConfig& array, DataType format) {
  const auto rate = array.macsPerCycle.find(format);
  ensure(rate != array.macsPerCycle.end(), "the array does not compute this format");
  const std::int64_t depth = std::max<std::int64_t>(1, std::llround(rate->second));
  return {depth, beatCycles(rate->second, heldOf(array, format, depth))};
}

ArrayTiming systolicTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  const Folding f = fold(array, format, shape);
  const std::int64_t load = array.rows;
  const std::int64_t skew = skewCycles(array, f);
  const bool holdsOutputs = array.dataflow.holdsOutputs();
  if (array.convention == Convention::ScaleSim) {
    return {0, f.folds() * (f.streamCycles() + (holdsOutputs ? 0 : load) + skew) - 1, 0};
  }
  const std::int64_t doubled = std::max(f.streamCycles(), load);
  if (holdsOutputs) return {shape.startsFromSums() ? load : 0, f.folds() * doubled, skew + load};
  const std::int64_t slot = array.doubleBufferedWeights ? doubled : f.streamCycles() + load;
  const std::int64_t lastLoad = array.doubleBufferedWeights ? 0 : load;
  return {load, f.folds() * slot - lastLoad + chainStall(array, f, slot), skew};
}

ArrayWork systolicWork(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  const Folding f = fold(array, format, shape);
  const Dataflow& dataflow = array.dataflow;
  const std::int64_t operand = byteSize(format);
  const std::int64_t weights = shape.k() * shape.n() * operand;
  const std::int64_t inputs = shape.m() * shape.k() * operand;
  const std::int64_t sums = shape.m() * shape.n() * array.storedSumBytes(format);
  const std::int64_t passes = shape.macs() * operand;
  const std::int64_t kFolds = f.foldsOfK();
  ArrayWork work;
  work.weightBytes = weights * fetches(f, kN, kK);
  work.inputBytes = inputs * fetches(f, kM, kK);
  work.partialWriteBytes = sums * kFolds;
  work.partialReadBytes = sums * (kFolds - (shape.accumulates ? 0 : 1));
  const auto travels = [](Travel travel) { return travel != Travel::Hold; };
  work.network.weights = travels(dataflow.weights) ? passes : weights;
  work.network.inputs = travels(dataflow.inputs) ? passes : inputs;
  work.network.outputs = travels(dataflow.outputs)
                             ? shape.m() * shape.n() * f.kSteps * sumBytesOf(format)
                             : sums * (shape.startsFromSums() ? 2 : 1);
  *heldStore(dataflow, work.localStore) = heldTraffic(f, heldOf(array, format, f.depth), shape);
  countLostTime(array, format, shape, f, work);
  return work;
}

ZeroWork systolicZeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                          std::int64_t zeroInputs) {
  const Folding f = fold(array, format, shape);
  ZeroWork zero{zeroInputs * shape.n(), {}};
  const bool keepsInputs = array.dataflow.inputs == Travel::Hold;
  if (!array.zeroGating || f.depth > 1 || keepsInputs) return zero;
  const Held held = heldOf(array, format, f.depth);
  const std::int64_t bytes = zero.macs * storeBytes(*held.store, held.bytes);
  *heldStore(array.dataflow, zero.savedStore) = {bytes, held.written ? bytes : 0};
  return zero;
}

}  // namespace npusim
