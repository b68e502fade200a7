#include <array>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

template <ElementOp op>
void convertTruths(NodeContext& c) {
  c.output(0, emitBinary(c, op, c.input(0), c.input(1)));
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
    Converter{"Less", convertTruths<ElementOp::Less>},
    Converter{"LessOrEqual", convertTruths<ElementOp::LessOrEqual>},
    Converter{"Mod", convertMod},
    Converter{"Not", convertNot},
    Converter{"Or", convertTruths<ElementOp::Or>},
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
