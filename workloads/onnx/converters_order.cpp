#include <array>
#include <limits>

#include "workloads/onnx/converters.h"

/// ArgMax, ArgMin, TopK, Hardmax and CumSum: what depends on the order of elements along one axis.
namespace npusim::onnx_import {
namespace {

std::size_t readAxis(NodeContext& c, ValueId x, std::int64_t otherwise) {
  return static_cast<std::size_t>(normalizeAxis(c.integer("axis", otherwise), c.shape(x).size()));
}

ValueId extremeOf(NodeContext& c, ReduceOp kind, ValueId x, std::size_t axis) {
  return c.emit(Reduce{kind, {static_cast<int>(axis)}, true}, {x});
}

/// An int64 list begin, begin + step, ... along dimension `axis` of `shape`, as it broadcasts.
ValueId countAlong(NodeContext& c, const Shape& shape, std::size_t axis, std::int64_t begin,
                   std::int64_t step) {
  Shape own(shape.size() - axis, 1);
  own[0] = shape[axis];
  Tensor tensor = blankConstant(DataType::Int64, own);
  for (std::int64_t& value : tensor.as<std::int64_t>()) {
    value = begin;
    begin += step;
  }
  return c.constant("index", std::move(tensor));
}

/// Index (int64, dimension `axis` is 1) of the first element that equals `extreme`, or of the last.
ValueId indexOf(NodeContext& c, ValueId x, ValueId extreme, std::size_t axis, bool last) {
  const Shape shape = c.shape(x);
  const std::int64_t length = shape[axis];
  const ValueId found = emitBinary(c, ElementOp::Equal, x, extreme);
  const ValueId ranks =
      last ? countAlong(c, shape, axis, 1, 1) : countAlong(c, shape, axis, length, -1);
  const ValueId kept = emitKept(c, ElementOp::KeepIf, ranks, found);
  const ValueId best = extremeOf(c, ReduceOp::Max, kept, axis);
  return last ? emitBinary(c, ElementOp::Sub, best, scalarLike(c, best, 1))
              : emitBinary(c, ElementOp::Sub, scalarLike(c, best, static_cast<double>(length)),
                           best);
}

/// Truth where the index along `axis` is `index`.
ValueId isAt(NodeContext& c, const Shape& shape, ValueId index, std::size_t axis) {
  return emitBinary(c, ElementOp::Equal, index, countAlong(c, shape, axis, 0, 1));
}

template <ReduceOp kind>
void convertArg(NodeContext& c) {
  const ValueId x = c.input(0);
  const std::size_t axis = readAxis(c, x, 0);
  const bool last = c.integer("select_last_index", 0) != 0;
  const ValueId index = indexOf(c, x, extremeOf(c, kind, x, axis), axis, last);
  Shape shape = c.shape(index);
  if (c.integer("keepdims", 1) == 0) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  c.output(0, reshapeTo(c, index, shape));
}

// --- TopK ---

/// What passes of a loop gave, [passes, ...], with the passes in the place of dimension `axis`,
/// which is 1 in each.
ValueId passesAt(NodeContext& c, ValueId collected, std::size_t axis) {
  Shape shape = c.shape(collected);
  shape.erase(shape.begin() + 1 + static_cast<std::ptrdiff_t>(axis));
  Transpose op;
  for (std::size_t d = 1; d < shape.size(); ++d) op.permutation.push_back(static_cast<int>(d));
  op.permutation.insert(op.permutation.begin() + static_cast<std::ptrdiff_t>(axis), 0);
  return c.emit(std::move(op), {reshapeTo(c, collected, shape)});
}

/// The largest or smallest k along an axis: k passes, each of which takes one and puts in its place
/// what no later pass prefers.
void convertTopK(NodeContext& c) {
  const ValueId given = c.input(0);
  const std::size_t axis = readAxis(c, given, -1);
  const bool largest = c.opset() < 11 || c.integer("largest", 1) != 0;
  if (c.opset() >= 11) c.integer("sorted", 1);
  const std::int64_t k =
      c.opset() < 10 ? c.integer("k", 0) : static_cast<std::int64_t>(c.scalar(1, "K"));
  const Shape shape = c.shape(given);
  if (k < 1 || k > shape[axis]) {
    throw BadInput("K is " + std::to_string(k) + ", expected 1 to " + std::to_string(shape[axis]));
  }
  const ReduceOp kind = largest ? ReduceOp::Max : ReduceOp::Min;
  const bool real = isFloat(c.type(given));
  const ValueId x = real ? given : emitCast(c, given, DataType::Int64);
  const double beyond = real ? std::numeric_limits<double>::infinity() : 0x1p62;
  c.beginRepeat(k);
  const ValueId left = c.emitCarried(x);
  const ValueId extreme = extremeOf(c, kind, left, axis);
  const ValueId index = indexOf(c, left, extreme, axis, false);
  const ValueId taken = isAt(c, shape, index, axis);
  const ValueId kept = emitKept(c, ElementOp::KeepUnless, left, taken);
  const ValueId blank = scalarLike(c, x, largest ? -beyond : beyond);
  const ValueId blanks = emitKept(c, ElementOp::KeepIf, blank, taken);
  c.carryOn(left, emitBinary(c, ElementOp::Add, kept, blanks));
  const ValueId values = c.emit(Collect{k, false}, {extreme});
  const ValueId indices = c.emit(Collect{k, false}, {index});
  c.endRepeat();
  c.output(0, emitCast(c, passesAt(c, values, axis), c.type(given)));
  c.output(1, passesAt(c, indices, axis));
}

// --- CumSum ---

/// One pass an element, which carries the sum.
void convertCumSum(NodeContext& c) {
  const ValueId given = c.input(0);
  const std::size_t rank = c.shape(given).size();
  const auto which = static_cast<std::int64_t>(c.scalar(1, "axis"));
  const auto axis = static_cast<std::size_t>(normalizeAxis(which, rank));
  const bool exclusive = c.integer("exclusive", 0) != 0;
  const bool reverse = c.integer("reverse", 0) != 0;
  Transpose there, back;
  for (std::size_t d = 0; d < rank; ++d) {
    if (d != axis) there.permutation.push_back(static_cast<int>(d));
    back.permutation.push_back(static_cast<int>(d < axis ? d + 1 : d == axis ? 0 : d));
  }
  there.permutation.insert(there.permutation.begin(), static_cast<int>(axis));
  const ValueId x = axis == 0 ? given : c.emit(std::move(there), {given});
  const Shape shape = c.shape(x);
  if (elementCount(shape) == 0) return c.output(0, given);
  const ValueId zero = c.splat("zero", c.type(x), Shape(shape.begin() + 1, shape.end()), 0);
  c.beginRepeat(shape[0]);
  const ValueId before = c.emitCarried(zero);
  const ValueId next = c.emit(Take{reverse}, {x});
  const ValueId sum = emitBinary(c, ElementOp::Add, next, before);
  c.carryOn(before, sum);
  const ValueId sums = c.emit(Collect{shape[0], reverse}, {exclusive ? before : sum});
  c.endRepeat();
  c.output(0, axis == 0 ? sums : c.emit(std::move(back), {sums}));
}

constexpr std::array kConverters = {
    Converter{"ArgMax", convertArg<ReduceOp::Max>},
    Converter{"ArgMin", convertArg<ReduceOp::Min>},
    Converter{"CumSum", convertCumSum},
    Converter{"TopK", convertTopK},
};

}  // namespace

ValueId emitHardmax(NodeContext& c, ValueId x, int dimension) {
  const auto axis = static_cast<std::size_t>(dimension);
  const ValueId index = indexOf(c, x, extremeOf(c, ReduceOp::Max, x, axis), axis, false);
  return emitCast(c, isAt(c, c.shape(x), index, axis), c.type(x));
}

std::span<const Converter> orderConverters() { return kConverters; }

}  // namespace npusim::onnx_import
