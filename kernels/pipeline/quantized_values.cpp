#include "kernels/pipeline/quantized_values.h"

#include <algorithm>

namespace npusim::passes {
namespace {

/// Steps whose result int8 codes of their input describe badly: steep somewhere, or of a range that
/// one large value stretches for all others.
bool isDelicate(const ElementStep& step) {
  constexpr ElementOp kDelicate[] = {ElementOp::Tanh,       ElementOp::Erf,  ElementOp::Exp,
                                     ElementOp::Log,        ElementOp::Gelu, ElementOp::Sqrt,
                                     ElementOp::Reciprocal, ElementOp::Pow,  ElementOp::Square,
                                     ElementOp::GeluTanh};
  const bool quotient = step.op == ElementOp::Div && step.operand >= 0;
  return quotient || std::ranges::find(kDelicate, step.op) != std::end(kDelicate);
}

class Choice {
 public:
  Choice(const Graph& graph, std::vector<bool> also)
      : graph_(graph), producers_(graph.producers()), chosen_(std::move(also)) {}

  std::vector<bool> made() {
    for (changed_ = true; changed_;) {
      changed_ = false;
      for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) visit(*node);
    }
    return std::move(chosen_);
  }

 private:
  bool isChosen(ValueId id) const { return chosen_[static_cast<std::size_t>(id)]; }

  void choose(ValueId id) {
    if (id == kNoValue || isChosen(id)) return;
    chosen_[static_cast<std::size_t>(id)] = true;
    changed_ = true;
  }

  void visit(const Node& node) {
    const bool moves = movesValues(node);
    const bool leadsOn = isChosen(node.output) && (moves || !staysFloat(node));
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if ((isProduct(node) && i < 2) || leadsOn) choose(input);
      if (moves && input != kNoValue && !graph_.isConstant(input) && isChosen(input)) {
        choose(node.output);
      }
    }
  }

  /// Are the inputs of a node better left in fp32, whatever its output is? Those of a delicate
  /// operation, and those that are combined with its result.
  bool staysFloat(const Node& node) const {
    if (isDelicateNode(node)) return true;
    if (!std::holds_alternative<Elementwise>(node.operation)) return false;
    return std::ranges::any_of(node.inputs, [&](ValueId input) {
      if (input == kNoValue) return false;
      const int producer = producers_[static_cast<std::size_t>(input)];
      return producer >= 0 && isDelicateNode(graph_.nodes[static_cast<std::size_t>(producer)]);
    });
  }

  bool isDelicateNode(const Node& node) const {
    if (std::holds_alternative<LayerNorm>(node.operation) ||
        std::holds_alternative<Softmax>(node.operation) ||
        std::holds_alternative<LocalResponseNorm>(node.operation)) {
      return true;
    }
    const bool steps = std::holds_alternative<Elementwise>(node.operation);
    return steps && std::ranges::any_of(node.steps, isDelicate);
  }

  const Graph& graph_;
  std::vector<int> producers_;
  std::vector<bool> chosen_;
  bool changed_ = false;
};

}  // namespace

bool movesValues(const Node& node) {
  if (const auto* pool = std::get_if<Pool>(&node.operation)) {
    return pool->kind == ReduceOp::Max && node.steps.empty();
  }
  return std::holds_alternative<Reshape>(node.operation) ||
         std::holds_alternative<Transpose>(node.operation) ||
         std::holds_alternative<Concat>(node.operation) ||
         std::holds_alternative<Remap>(node.operation) ||
         std::holds_alternative<Gather>(node.operation) || isOfLoops(node.operation);
}

bool isProduct(const Node& node) {
  return std::holds_alternative<Convolution>(node.operation) ||
         std::holds_alternative<MatMul>(node.operation);
}

std::vector<bool> codesBetweenFloats(const Graph& graph, std::vector<bool> also) {
  return Choice(graph, std::move(also)).made();
}

}  // namespace npusim::passes
