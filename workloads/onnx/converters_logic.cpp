#include <array>
#include <limits>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

template <ElementOp op>
void convertTruths(NodeContext& c) {
  c.output(0, emitBinary(c, op, c.input(0), secondOperand(c)));
}

/// Only a NaN differs from itself.
void convertIsNan(NodeContext& c) {
  const ValueId same = emitBinary(c, ElementOp::Equal, c.input(0), c.input(0));
  c.output(0, c.emitStep({.op = ElementOp::Not}, same));
}

void convertIsInf(NodeContext& c) {
  const ValueId x = c.input(0);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const bool positive = c.integer("detect_positive", 1) != 0;
  const bool negative = c.integer("detect_negative", 1) != 0;
  if (!positive && !negative) {
    return c.output(0, c.splat("never", DataType::Bool, c.shape(x), 0));
  }
  const bool both = positive && negative;
  const ValueId tested = both ? c.emitStep({.op = ElementOp::Abs}, x) : x;
  const double wanted = positive ? kInfinity : -kInfinity;
  c.output(0, emitBinary(c, ElementOp::Equal, tested, scalarLike(c, x, wanted)));
}

/// Keeps the elements on one side of diagonal k of the last two dimensions.
void convertTrilu(NodeContext& c) {
  const ValueId x = c.input(0);
  const Shape shape = c.shape(x);
  if (shape.size() < 2) throw BadInput("input " + toString(shape) + " is no matrix");
  const bool upper = c.integer("upper", 1) != 0;
  const auto k = c.hasInput(1) ? static_cast<std::int64_t>(c.scalar(1, "k")) : 0;
  const std::int64_t columns = shape.back();
  Tensor mask = blankConstant(DataType::Bool, Shape(shape.end() - 2, shape.end()));
  for (std::int64_t i = 0; i < mask.size(); ++i) {
    const std::int64_t diagonal = i % columns - i / columns;
    mask.set(i, (upper ? diagonal >= k : diagonal <= k) ? 1 : 0);
  }
  c.output(0, emitKept(c, ElementOp::KeepIf, x, c.constant("mask", std::move(mask))));
}

void convertNot(NodeContext& c) { c.output(0, c.emitStep({.op = ElementOp::Not}, c.input(0))); }

void convertMod(NodeContext& c) {
  const bool truncates = c.integer("fmod", 0) != 0;
  const ElementOp op = truncates ? ElementOp::Remainder : ElementOp::Mod;
  c.output(0, emitBinary(c, op, c.input(0), c.input(1)));
}

bool isSplat(NodeContext& c, ValueId id, double value) {
  if (!c.isConstant(id) || elementCount(c.shape(id)) != 1) return false;
  return c.constantValue(id, "a branch").at(0) == value;
}

void convertWhere(NodeContext& c) {
  const ValueId condition = c.input(0);
  const ValueId a = c.input(1);
  const ValueId b = c.input(2);
  if (c.type(a) != c.type(b)) throw BadInput("chooses between two types");
  const Shape shape = broadcast(c.shape(condition), broadcast(c.shape(a), c.shape(b)));
  const ValueId kept = emitKept(c, ElementOp::KeepIf, a, condition);
  const ValueId other = emitKept(c, ElementOp::KeepUnless, b, condition);
  ValueId y = kept;
  if (isSplat(c, a, 0)) {
    y = other;
  } else if (!isSplat(c, b, 0)) {
    const bool truths = c.type(a) == DataType::Bool;
    y = emitBinary(c, truths ? ElementOp::Or : ElementOp::Add, kept, other);
  }
  c.output(0, expandTo(c, y, shape));
}

constexpr std::array kConverters = {
    Converter{"And", convertTruths<ElementOp::And>},
    Converter{"Greater", convertTruths<ElementOp::Greater>},
    Converter{"GreaterOrEqual", convertTruths<ElementOp::GreaterOrEqual>},
    Converter{"IsInf", convertIsInf},
    Converter{"IsNaN", convertIsNan},
    Converter{"Less", convertTruths<ElementOp::Less>},
    Converter{"LessOrEqual", convertTruths<ElementOp::LessOrEqual>},
    Converter{"Mod", convertMod},
    Converter{"Not", convertNot},
    Converter{"Or", convertTruths<ElementOp::Or>},
    Converter{"Trilu", convertTrilu},
    Converter{"Where", convertWhere},
    Converter{"Xor", convertTruths<ElementOp::Xor>},
};

}  // namespace

ValueId emitKept(NodeContext& c, ElementOp op, ValueId x, ValueId condition) {
  const bool swapped = c.isConstant(x) && !c.isConstant(condition);
  const std::vector<ValueId> inputs = {swapped ? condition : x, swapped ? x : condition};
  return c.emit(Elementwise{}, inputs, {{.op = op, .operand = 1, .reversed = swapped}}, c.type(x));
}

std::span<const Converter> logicConverters() { return kConverters; }

}  // namespace npusim::onnx_import
