#include <algorithm>
#include <array>

#include "workloads/onnx/converters.h"
#include "workloads/onnx/encoded_weights.h"
#include "workloads/onnx/window.h"

/// Quantised operators as the plain integer arithmetic that graph.h describes.
namespace npusim::onnx_import {
namespace {

/// A scale or zero point under a shape in which it broadcasts: one element, or one for each index
/// along dimension `axis` of `rank`.
ValueId along(NodeContext& c, ValueId parameter, std::size_t axis, std::size_t rank) {
  const Shape shape = c.shape(parameter);
  if (elementCount(shape) == 1) return reshapeTo(c, parameter, {});
  if (shape.size() != 1) return parameter;
  if (axis >= rank) throw BadInput("has a scale or zero point for each index of no dimension");
  Shape wanted(rank - axis, 1);
  wanted[0] = shape[0];
  return reshapeTo(c, parameter, wanted);
}

/// A zero point of x under a shape that broadcasts to x along dimension `axis`; kNoValue for 0.
ValueId zeroPointOf(NodeContext& c, ValueId x, ValueId zeroPoint, std::size_t axis) {
  if (zeroPoint == kNoValue) return kNoValue;
  if (c.type(zeroPoint) != c.type(x)) {
    throw BadInput("the zero point is " + std::string(name(c.type(zeroPoint))) + ", expected " +
                   std::string(name(c.type(x))) + " as what it belongs to");
  }
  if (c.isConstant(zeroPoint)) {
    const Tensor zeros = c.constantValue(zeroPoint, "the zero point");
    const auto all = zeros.bytes();
    if (std::ranges::all_of(all, [](std::byte b) { return b == std::byte{0}; })) return kNoValue;
  }
  return along(c, zeroPoint, axis, c.shape(x).size());
}

/// saturate(round(x op scale) + zeroPoint), of the zero point's type.
ValueId requantized(NodeContext& c, ValueId x, ElementOp op, ValueId scale, ValueId zeroPoint) {
  const std::vector<ElementStep> steps = {
      {.op = op, .operand = 1}, {.op = ElementOp::Round}, {.op = ElementOp::Add, .operand = 2}};
  return c.emit(Elementwise{}, {x, scale, zeroPoint}, steps, c.type(zeroPoint));
}

std::size_t readAxis(NodeContext& c, ValueId x) {
  const std::size_t rank = c.shape(x).size();
  const std::int64_t axis = c.integer("axis", 1);
  return axis >= 0 && rank <= 1 ? 0 : static_cast<std::size_t>(normalizeAxis(axis, rank));
}

void convertQuantizeLinear(NodeContext& c) {
  const ValueId x = c.input(0);
  const std::size_t rank = c.shape(x).size();
  const std::size_t axis = readAxis(c, x);
  const ValueId zero =
      c.hasInput(2) ? along(c, c.input(2), axis, rank) : c.splat("zero", DataType::UInt8, {}, 0);
  const ValueId scale = along(c, c.input(1), axis, rank);
  c.output(0, requantized(c, x, ElementOp::Div, scale, zero));
}

void convertDequantizeLinear(NodeContext& c) {
  const ValueId x = c.input(0);
  const std::size_t rank = c.shape(x).size();
  const std::size_t axis = readAxis(c, x);
  const std::int64_t blockSize = c.integer("block_size", 0);
  if (std::optional<Constant> weights = encodedWeights(c, axis, blockSize)) {
    return c.output(0, c.constant("weights", *std::move(weights)));
  }
  if (blockSize > 0) {
    throw NotPossible(
        "not supported: block_size for other than constant 8-bit or 4-bit codes "
        "with scales of fp32");
  }
  std::vector<ValueId> inputs = {x, along(c, c.input(1), axis, rank)};
  std::vector<ElementStep> steps = {{.op = ElementOp::Mul, .operand = 1}};
  if (c.hasInput(2)) {
    inputs.push_back(along(c, c.input(2), axis, rank));
    steps.insert(steps.begin(), {.op = ElementOp::Sub, .operand = 2});
  }
  c.output(0, c.emit(Elementwise{}, inputs, steps, c.type(c.input(1))));
}

/// uint8 levels for the range of x widened to hold 0.
void convertDynamicQuantizeLinear(NodeContext& c) {
  const ValueId x = c.input(0);
  const auto widest = [&](ReduceOp reduction, ElementOp op) {
    const ValueId most = c.emit(Reduce{reduction, axesFrom(0, c.shape(x).size()), false}, {x});
    return emitBinary(c, op, most, scalarLike(c, x, 0));
  };
  const ValueId low = widest(ReduceOp::Min, ElementOp::Min);
  const ValueId high = widest(ReduceOp::Max, ElementOp::Max);
  const ValueId range = emitBinary(c, ElementOp::Sub, high, low);
  const ValueId scale = emitBinary(c, ElementOp::Div, range, scalarLike(c, x, 255));
  const std::vector<ElementStep> steps = {
      {.op = ElementOp::Div, .operand = 1}, {.op = ElementOp::Neg}, {.op = ElementOp::Round}};
  const ValueId zero = c.emit(Elementwise{}, {low, scale}, steps, DataType::UInt8);
  c.output(0, requantized(c, x, ElementOp::Div, scale, zero));
  c.output(1, scale);
  c.output(2, zero);
}

/// What a quantised product multiplies: codes and their zero points.
struct Codes {
  ValueId x, zero;
};

/// The int32 sums of a product of codes less their zero points.
ValueId integerProduct(NodeContext& c, Operation operation, Codes x, Codes w, ValueId bias) {
  return c.emit(std::move(operation), {x.x, w.x, bias, x.zero, w.zero}, {}, DataType::Int32);
}

ValueId integerConvolution(NodeContext& c, Codes x, Codes w, ValueId bias) {
  return integerProduct(c, readConvolution(c, x.x, w.x), x, w, bias);
}

void convertConvInteger(NodeContext& c) {
  const Codes x{c.input(0), zeroPointOf(c, c.input(0), c.optionalInput(2), 1)};
  const Codes w{c.input(1), zeroPointOf(c, c.input(1), c.optionalInput(3), 0)};
  c.output(0, integerConvolution(c, x, w, kNoValue));
}

/// The dimension that a matrix's zero points or scales are along: rows of a, columns of b.
std::size_t rowsOf(NodeContext& c, ValueId a) {
  return std::max<std::size_t>(c.shape(a).size(), 2) - 2;
}
std::size_t columnsOf(NodeContext& c, ValueId b) {
  return std::max<std::size_t>(c.shape(b).size(), 1) - 1;
}

Codes rowCodes(NodeContext& c, ValueId a, ValueId zero) {
  return {a, zeroPointOf(c, a, zero, rowsOf(c, a))};
}
Codes columnCodes(NodeContext& c, ValueId b, ValueId zero) {
  return {b, zeroPointOf(c, b, zero, columnsOf(c, b))};
}

void convertMatMulInteger(NodeContext& c) {
  const Codes a = rowCodes(c, c.input(0), c.optionalInput(2));
  const Codes b = columnCodes(c, c.input(1), c.optionalInput(3));
  c.output(0, integerProduct(c, MatMul{}, a, b, kNoValue));
}

/// int32 sums times (scale of x * scale of w / scale of y), where the operator's scales are inputs
/// 1, 4 and 6, its result's zero point 7, and those of x and w lie along dimensions of `sums`.
ValueId requantizedSums(NodeContext& c, ValueId sums, std::size_t axisX, std::size_t axisW) {
  const std::size_t rank = c.shape(sums).size();
  const ValueId factors = emitBinary(c, ElementOp::Mul, along(c, c.input(1), axisX, rank),
                                     along(c, c.input(4), axisW, rank));
  const ValueId scale = emitBinary(c, ElementOp::Div, factors, along(c, c.input(6), axisX, rank));
  return requantized(c, sums, ElementOp::Mul, scale, along(c, c.input(7), axisX, rank));
}

void convertQLinearConv(NodeContext& c) {
  const Codes x{c.input(0), zeroPointOf(c, c.input(0), c.input(2), 1)};
  const Codes w{c.input(3), zeroPointOf(c, c.input(3), c.input(5), 0)};
  const ValueId sums = integerConvolution(c, x, w, c.optionalInput(8));
  c.output(0, requantizedSums(c, sums, 1, 1));
}

void convertQLinearMatMul(NodeContext& c) {
  const Codes a = rowCodes(c, c.input(0), c.input(2));
  const Codes b = columnCodes(c, c.input(3), c.input(5));
  const ValueId sums = integerProduct(c, MatMul{}, a, b, kNoValue);
  c.output(0, requantizedSums(c, sums, rowsOf(c, sums), columnsOf(c, sums)));
}

constexpr std::array kConverters = {
    Converter{"ConvInteger", convertConvInteger},
    Converter{"DequantizeLinear", convertDequantizeLinear},
    Converter{"DynamicQuantizeLinear", convertDynamicQuantizeLinear},
    Converter{"MatMulInteger", convertMatMulInteger},
    Converter{"QLinearConv", convertQLinearConv},
    Converter{"QLinearMatMul", convertQLinearMatMul},
    Converter{"QuantizeLinear", convertQuantizeLinear},
};

}  // namespace

std::span<const Converter> quantizedConverters() { return kConverters; }

}  // namespace npusim::onnx_import
