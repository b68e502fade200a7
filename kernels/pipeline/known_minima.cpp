#include <algorithm>

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
    return node.steps.empty() ? byOperation(node) : byStep(node.steps.back());
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
