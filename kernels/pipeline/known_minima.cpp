#include <algorithm>
#include <array>

#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

/// Which values can hold no number below 0, found once for each.
class NeverNegative {
 public:
  explicit NeverNegative(const Graph& graph)
      : graph_(graph), producers_(graph.producers()), known_(graph.values.size(), Unknown) {}

  bool holds(ValueId value) {
    Answer& answer = known_[static_cast<std::size_t>(value)];
    if (answer == Unknown) {
      answer = No;  // of a value that a loop carries on to itself
      answer = find(value) ? Yes : No;
    }
    return answer == Yes;
  }

 private:
  enum Answer : std::uint8_t { Unknown, No, Yes };

  bool find(ValueId value) {
    const int producer = producers_[static_cast<std::size_t>(value)];
    if (producer < 0) return false;
    const Node& node = graph_.nodes[static_cast<std::size_t>(producer)];
    if (node.steps.empty()) return byOperation(node);
    return byStep(node.steps.back()) || isBetween(node);
  }

  static bool byStep(const ElementStep& step) {
    switch (step.op) {
      case ElementOp::Relu:
      case ElementOp::Sigmoid:
      case ElementOp::HardSigmoid:
      case ElementOp::Exp:
      case ElementOp::Sqrt:
      case ElementOp::Abs:
      case ElementOp::Square:
      case ElementOp::Softplus:
        return true;
      case ElementOp::Clip:
      case ElementOp::ThresholdedRelu:
        return step.alpha >= 0;
      default:
        return givesTruth(step.op);
    }
  }

  /// Operations that choose among the elements that they read, or average them.
  bool byOperation(const Node& node) {
    const auto* remap = std::get_if<Remap>(&node.operation);
    if (remap != nullptr && remap->fill < 0) return false;
    const bool chooses = remap != nullptr || std::holds_alternative<Pool>(node.operation) ||
                         std::holds_alternative<Concat>(node.operation) ||
                         std::holds_alternative<Reshape>(node.operation) ||
                         std::holds_alternative<Transpose>(node.operation);
    return chooses && std::ranges::all_of(node.inputs, [&](ValueId input) { return holds(input); });
  }

  /// (b - a) * share + a of such values with shares of 0 to 1, as interpolation computes it.
  /// Rounding keeps order: b - a is at least -a, so is its part, and the sum at least 0.
  bool isBetween(const Node& node) {
    constexpr std::array kOps = {ElementOp::Sub, ElementOp::Mul, ElementOp::Add};
    const bool alike = std::equal(
        node.steps.begin(), node.steps.end(), kOps.begin(), kOps.end(),
        [](const ElementStep& step, ElementOp op) { return step.op == op && !step.reversed; });
    if (!alike || !std::holds_alternative<Elementwise>(node.operation)) return false;
    const auto operand = [&](std::size_t step) {
      return node.inputs[static_cast<std::size_t>(node.steps[step].operand)];
    };
    return operand(0) == operand(2) && isShare(operand(1)) && holds(node.inputs.front()) &&
           holds(operand(0));
  }

  bool isShare(ValueId id) const {
    const Value& value = graph_.value(id);
    if (!value.constant || !value.constant->dense || !isFloat(value.type)) return false;
    const Tensor& tensor = *value.constant->dense;
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      if (!(tensor.at(i) >= 0 && tensor.at(i) <= 1)) return false;
    }
    return true;
  }

  const Graph& graph_;
  const std::vector<int> producers_;
  std::vector<Answer> known_;
};

/// Is it min(0, least element of x)?
bool isLeastOrZero(const Graph& graph, const Node& node) {
  const auto* reduce = std::get_if<Reduce>(&node.operation);
  if (reduce == nullptr || reduce->kind != ReduceOp::Min || node.steps.size() != 1) return false;
  const ElementStep& step = node.steps.front();
  if (step.op != ElementOp::Min || step.operand < 0) return false;
  const Value& bound = graph.value(node.inputs[static_cast<std::size_t>(step.operand)]);
  if (!bound.constant || bound.constant->seed || elementCount(bound.shape) != 1) return false;
  return bound.constant->materialize(bound.type, bound.shape).at(0) == 0;
}

}  // namespace

void foldKnownMinima(Graph& graph) {
  NeverNegative neverNegative(graph);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (!isLeastOrZero(graph, node) || !neverNegative.holds(node.inputs.front())) continue;
    const ValueId least = node.output;
    if (std::ranges::find(graph.outputs, least) != graph.outputs.end()) continue;
    const Value& value = graph.value(least);
    const ValueId zero = graph.addConstant(value.name + ".zero", Tensor(value.type, value.shape));
    for (Node& reader : graph.nodes) std::ranges::replace(reader.inputs, least, zero);
  }
  graph.removeDead();
}

}  // namespace npusim::passes
