#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

/// What a node reduces: no axes where it returns its input.
struct Reduced {
  ValueId x;
  std::vector<int> axes;
  bool keepDims;
};

/// ReduceSum takes its axes as an input since opset 13; the others do so only after opset 17.
Reduced readReduction(NodeContext& c) {
  const ValueId x = c.input(0);
  const std::size_t rank = c.shape(x).size();
  const bool asInput = c.op() == "ReduceSum" && c.opset() >= 13;
  std::vector<std::int64_t> axes;
  if (!asInput) axes = c.integers("axes", axes);
  if (asInput && c.hasInput(1)) axes = c.integers(1, "axes");
  const bool keepDims = c.integer("keepdims", 1) != 0;
  const bool noop = asInput && c.integer("noop_with_empty_axes", 0) != 0;
  if (axes.empty() && !noop) return {x, axesFrom(0, rank), keepDims};
  return {x, normalizeAxes(axes, rank), keepDims};
}

/// A reduction with a step on each element before it and one on the result.
void convertSteps(NodeContext& c, ReduceOp kind, std::optional<ElementOp> before,
                  std::optional<ElementOp> after) {
  Reduced r = readReduction(c);
  ValueId x = before ? c.emitStep({.op = *before}, r.x) : r.x;
  if (!r.axes.empty()) x = c.emit(Reduce{kind, std::move(r.axes), r.keepDims}, {x});
  c.output(0, after ? c.emitStep({.op = *after}, x) : x);
}

template <ReduceOp kind>
void convertKind(NodeContext& c) {
  convertSteps(c, kind, std::nullopt, std::nullopt);
}
void convertL1(NodeContext& c) { convertSteps(c, ReduceOp::Sum, ElementOp::Abs, std::nullopt); }
void convertL2(NodeContext& c) {
  convertSteps(c, ReduceOp::Sum, ElementOp::Square, ElementOp::Sqrt);
}
void convertLogSum(NodeContext& c) { convertSteps(c, ReduceOp::Sum, std::nullopt, ElementOp::Log); }
void convertSumSquare(NodeContext& c) {
  convertSteps(c, ReduceOp::Sum, ElementOp::Square, std::nullopt);
}

/// log(sum(exp(x - m))) + m, where m is the largest.
void convertLogSumExp(NodeContext& c) {
  const Reduced r = readReduction(c);
  const ValueId most = c.emit(Reduce{ReduceOp::Max, r.axes, true}, {r.x});
  const ValueId powers = c.emit(Elementwise{}, {r.x, most},
                                {{.op = ElementOp::Sub, .operand = 1}, {.op = ElementOp::Exp}});
  const ValueId sum = c.emit(Reduce{ReduceOp::Sum, r.axes, true}, {powers});
  const ValueId y = c.emit(Elementwise{}, {sum, most},
                           {{.op = ElementOp::Log}, {.op = ElementOp::Add, .operand = 1}});
  const Reduce drop{ReduceOp::Max, r.axes, r.keepDims};
  c.output(0, reshapeTo(c, y, inferShape(drop, {c.shape(r.x)}, {})));
}

/// Rows [begin, end) of a matrix; past its end rows of 1.
ValueId rows(NodeContext& c, ValueId x, std::int64_t begin, std::int64_t end) {
  const std::int64_t there = c.shape(x)[0];
  std::vector<std::int64_t> source(static_cast<std::size_t>(end - begin));
  std::iota(source.begin(), source.end(), begin);
  std::replace_if(
      source.begin(), source.end(), [there](std::int64_t i) { return i >= there; }, -1);
  return remap(c, x, {std::move(source), {}}, 1);
}

/// No unit multiplies along an axis: the first half times the second until one is left.
void convertProduct(NodeContext& c) {
  const Reduced r = readReduction(c);
  const Shape shape = c.shape(r.x);
  const Shape result = inferShape(Reduce{ReduceOp::Sum, r.axes, r.keepDims}, {shape}, {});
  Transpose op{r.axes};
  std::int64_t length = 1;
  for (const int axis : r.axes) length *= shape[static_cast<std::size_t>(axis)];
  for (int d = 0; d < static_cast<int>(shape.size()); ++d) {
    if (std::find(r.axes.begin(), r.axes.end(), d) == r.axes.end()) op.permutation.push_back(d);
  }
  if (length == 0) return c.output(0, c.splat("one", c.type(r.x), result, 1));
  requireIndexList(length);
  const ValueId first = shape.empty() ? r.x : c.emit(std::move(op), {r.x});
  ValueId y = reshapeTo(c, first, {length, elementCount(shape) / length});
  while (length > 1) {
    const std::int64_t half = (length + 1) / 2;
    y = emitBinary(c, ElementOp::Mul, rows(c, y, 0, half), rows(c, y, half, 2 * half));
    length = half;
  }
  c.output(0, reshapeTo(c, y, result));
}

constexpr std::array kConverters = {
    Converter{"ReduceL1", convertL1},
    Converter{"ReduceL2", convertL2},
    Converter{"ReduceLogSum", convertLogSum},
    Converter{"ReduceLogSumExp", convertLogSumExp},
    Converter{"ReduceMax", convertKind<ReduceOp::Max>},
    Converter{"ReduceMean", convertKind<ReduceOp::Mean>},
    Converter{"ReduceMin", convertKind<ReduceOp::Min>},
    Converter{"ReduceProd", convertProduct},
    Converter{"ReduceSum", convertKind<ReduceOp::Sum>},
    Converter{"ReduceSumSquare", convertSumSquare},
};

}  // namespace

std::vector<int> axesFrom(std::size_t first, std::size_t rank) {
  std::vector<int> axes(rank - first);
  std::iota(axes.begin(), axes.end(), static_cast<int>(first));
  return axes;
}

std::span<const Converter> reductionConverters() { return kConverters; }

}  // namespace npusim::onnx_import
