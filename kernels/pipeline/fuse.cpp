#include <algorithm>

#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

/// May steps run on the result of this operation before it is stored?
bool takesSteps(const Operation& operation) {
  return std::holds_alternative<Convolution>(operation) ||
         std::holds_alternative<MatMul>(operation) || std::holds_alternative<Pool>(operation) ||
         std::holds_alternative<Reduce>(operation) || std::holds_alternative<Softmax>(operation) ||
         std::holds_alternative<LayerNorm>(operation) ||
         std::holds_alternative<Elementwise>(operation);
}

/// Operations with a bias, their third input.
bool isProduct(const Operation& operation) {
  return std::holds_alternative<Convolution>(operation) ||
         std::holds_alternative<MatMul>(operation);
}

bool commutes(ElementOp op) {
  return op == ElementOp::Add || op == ElementOp::Mul || op == ElementOp::Max ||
         op == ElementOp::Min;
}

/// Index of the input that is the result of a node which can take this one's steps; the steps then
/// apply to that input. 0, or the operand of a commutative first step.
std::vector<std::size_t> candidates(const Node& node) {
  std::vector<std::size_t> inputs = {0};
  if (!node.steps.empty() && node.steps.front().operand > 0 && commutes(node.steps.front().op)) {
    inputs.push_back(static_cast<std::size_t>(node.steps.front().operand));
  }
  return inputs;
}

class Fuser {
 public:
  explicit Fuser(Graph& graph)
      : graph_(graph), producers_(graph.producers()), consumers_(graph.consumers()) {}

  void run() {
    std::vector<bool> gone(graph_.nodes.size(), false);
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      Node& node = graph_.nodes[n];
      if (!std::holds_alternative<Elementwise>(node.operation)) continue;
      for (const std::size_t input : candidates(node)) {
        const int producer = fusible(node, input);
        if (producer < 0) continue;
        if (input != 0) std::swap(node.inputs[0], node.inputs[input]);
        absorb(graph_.nodes[static_cast<std::size_t>(producer)], node);
        gone[static_cast<std::size_t>(producer)] = true;
        producers_[static_cast<std::size_t>(node.output)] = static_cast<int>(n);
        break;
      }
    }
    std::vector<Node> kept;
    for (std::size_t n = 0; n < gone.size(); ++n) {
      if (!gone[n]) kept.push_back(std::move(graph_.nodes[n]));
    }
    graph_.nodes = std::move(kept);
    graph_.removeDead();
  }

 private:
  int fusible(const Node& node, std::size_t input) const {
    const ValueId id = node.inputs[input];
    if (id == kNoValue || graph_.isConstant(id)) return -1;
    const auto at = static_cast<std::size_t>(id);
    const int producer = producers_[at];
    if (producer < 0 || consumers_[at].size() != 1) return -1;
    if (std::count(node.inputs.begin(), node.inputs.end(), id) != 1) return -1;
    if (std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end()) {
      return -1;
    }
    const Value& between = graph_.value(id);
    const Value& out = graph_.value(node.output);
    const Node& from = graph_.nodes[static_cast<std::size_t>(producer)];
    // Codes of reals are made of fp32, whatever that came from.
    const bool alike = out.quantization ? between.type == DataType::Float32
                                        : between.type == out.type && isFloat(out.type);
    const bool here = from.repeat == node.repeat && between.shape == out.shape;
    return here && (alike || takesSums(from, node)) && takesSteps(from.operation) ? producer : -1;
  }

  /// Does the node compute with the sums of a product of codes as reals?
  bool takesSums(const Node& from, const Node& node) const {
    if (!hasZeroPoints(graph_, from) || !from.steps.empty()) return false;
    const auto real = [&](ValueId id) { return id != kNoValue && isFloat(graph_.value(id).type); };
    return real(node.output) || std::ranges::any_of(node.inputs, real);
  }

  /// Makes `node` compute what `producer` did, followed by its own steps.
  static void absorb(const Node& producer, Node& node) {
    Node fused = producer;
    if (std::holds_alternative<Elementwise>(producer.operation)) {
      fused.opName += "+" + node.opName;
    }
    if (isProduct(producer.operation))
      fused.inputs.resize(std::max<std::size_t>(3, fused.inputs.size()), kNoValue);
    const auto first = static_cast<int>(fused.inputs.size());
    fused.inputs.insert(fused.inputs.end(), node.inputs.begin() + 1, node.inputs.end());
    for (ElementStep step : node.steps) {
      if (step.operand >= 0) step.operand += first - 1;
      fused.steps.push_back(step);
    }
    fused.output = node.output;
    node = std::move(fused);
  }

  Graph& graph_;
  std::vector<int> producers_;
  std::vector<std::vector<int>> consumers_;
};

}  // namespace

void fuseSteps(Graph& graph) { Fuser(graph).run(); }

}  // namespace npusim::passes
