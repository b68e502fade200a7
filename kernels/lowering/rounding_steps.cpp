#include <algorithm>

#include "kernels/lowering/lowering.h"

namespace npusim::lowering {
namespace {

bool isReal(const Value& value) { return isFloat(value.type) || value.quantization.has_value(); }

template <typename Holds>
bool anyInput(const Graph& graph, const Node& node, const Holds& holds) {
  return std::ranges::any_of(node.inputs,
                             [&](ValueId id) { return id != kNoValue && holds(graph.value(id)); });
}

/// Is what a step makes of x whole, given that x is or is not?
bool staysWhole(const Graph& graph, const Node& node, const ElementStep& step, bool whole) {
  if (givesTruth(step.op)) return true;
  switch (step.op) {
    case ElementOp::Floor:
    case ElementOp::Ceil:
    case ElementOp::Round:
    case ElementOp::Trunc:
    case ElementOp::Sign:
      return true;
    case ElementOp::Add:
    case ElementOp::Sub:
    case ElementOp::Mul:
    case ElementOp::Max:
    case ElementOp::Min:
      return whole && !isReal(graph.value(node.inputs[static_cast<std::size_t>(step.operand)]));
    case ElementOp::KeepIf:
    case ElementOp::KeepUnless:
    case ElementOp::Neg:
    case ElementOp::Abs:
    case ElementOp::Relu:
    case ElementOp::Square:
      return whole;
    default:
      return false;
  }
}

}  // namespace

bool leavesFractions(const Graph& graph, const Node& node) {
  const Value& out = graph.value(node.output);
  if (!isInteger(out.type) || out.quantization || !anyInput(graph, node, isReal)) return false;
  const auto* reduce = std::get_if<Reduce>(&node.operation);
  bool whole = !isReal(graph.value(node.inputs.front())) &&
               (reduce == nullptr || reduce->kind != ReduceOp::Mean);
  for (const ElementStep& step : node.steps) whole = staysWhole(graph, node, step, whole);
  return !whole;
}

bool dividesAsReal(const Graph& graph, const Node& node, const ElementStep& step) {
  constexpr int kWide = 4;  // bytes
  if (step.op != ElementOp::Div || anyInput(graph, node, isReal)) return false;
  const Value& out = graph.value(node.output);
  const auto narrow = [](const Value& value) { return byteSize(value.type) < kWide; };
  return isInteger(out.type) && !out.quantization && (narrow(out) || anyInput(graph, node, narrow));
}

}  // namespace npusim::lowering
