#include <algorithm>
#include <memory>

#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

/// Is a value of this shape one number, or one number an output channel?
bool isPerChannel(const Shape& shape, const Shape& out, std::size_t channelAxis) {
  const std::int64_t count = elementCount(shape);
  if (count == 1) return true;
  if (shape.size() > out.size()) return false;
  const std::size_t missing = out.size() - shape.size();
  return channelAxis >= missing && count == out[channelAxis] &&
         shape[channelAxis - missing] == out[channelAxis];
}

/// A constant as one factor or addend an output channel.
std::vector<float> perChannel(const Value& value, std::int64_t channels) {
  const Tensor tensor = value.constant->materialize(value.type, value.shape);
  std::vector<float> result(static_cast<std::size_t>(channels));
  for (std::int64_t i = 0; i < channels; ++i) {
    result[static_cast<std::size_t>(i)] = static_cast<float>(tensor.at(tensor.size() == 1 ? 0 : i));
  }
  return result;
}

/// Weights and bias of a Convolution or MatMul as dense copies to be changed; weights that nothing
/// scales stay as they are, encoded ones encoded. Weights that only a seed stands for (a run
/// without values) stay symbolic: the program comes out the same.
class Foldable {
 public:
  Foldable(Graph& graph, Node& node) : graph_(graph), node_(node) {
    const Shape& out = graph.value(node.output).shape;
    const Value& w = graph.value(node.inputs[1]);
    const auto* matmul = std::get_if<MatMul>(&node.operation);
    channelAxis_ = matmul == nullptr ? 1 : out.size() - 1;
    if (out.size() <= channelAxis_ || (matmul != nullptr && w.shape.size() != 2)) return;
    weightAxis_ = matmul != nullptr && !matmul->transposeB ? 1 : 0;
    symbolic_ = w.constant && w.constant->seed;
    usable_ =
        w.constant && (w.constant->dense || symbolic_) && w.type == DataType::Float32 &&
        (node.inputs.size() < 3 || node.inputs[2] == kNoValue || graph.isConstant(node.inputs[2]));
  }

  bool usable() const { return usable_; }

  /// Takes the step into weights and bias; false when it is not constant per channel.
  bool take(const ElementStep& step) {
    const bool scales = step.op == ElementOp::Mul || (step.op == ElementOp::Div && !step.reversed);
    const bool adds = step.op == ElementOp::Add || (step.op == ElementOp::Sub && !step.reversed);
    if (step.operand < 0 || (!scales && !adds)) return false;
    const Value& operand = graph_.value(node_.inputs[static_cast<std::size_t>(step.operand)]);
    const Shape& out = graph_.value(node_.output).shape;
    if (!operand.constant || !isPerChannel(operand.shape, out, channelAxis_)) return false;
    if (operand.constant->seed && !symbolic_) return false;
    if (symbolic_) return loaded_ = true;
    const std::vector<float> values = perChannel(operand, out[channelAxis_]);
    load();
    const auto bias = bias_.as<float>();
    if (adds) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        bias[i] += step.op == ElementOp::Add ? values[i] : -values[i];
      }
    } else {
      scale(values, step.op == ElementOp::Div);
    }
    return true;
  }

  /// Puts the changed tensors into the graph.
  void store() {
    if (!loaded_) return;
    node_.inputs.resize(std::max<std::size_t>(3, node_.inputs.size()), kNoValue);
    if (symbolic_) {
      const std::int64_t channels = graph_.value(node_.output).shape[channelAxis_];
      Constant bias;
      bias.seed = graph_.value(node_.inputs[1]).constant->seed;
      node_.inputs[2] = graph_.addValue({node_.name + ".folded_bias",
                                         DataType::Float32,
                                         {channels},
                                         std::move(bias),
                                         std::nullopt});
      return;
    }
    if (scaled_) {
      node_.inputs[1] = graph_.addConstant(node_.name + ".folded_weights", std::move(weights_));
    }
    node_.inputs[2] = graph_.addConstant(node_.name + ".folded_bias", std::move(bias_));
  }

 private:
  void load() {
    if (loaded_) return;
    loaded_ = true;
    const std::int64_t channels = graph_.value(node_.output).shape[channelAxis_];
    bias_ = Tensor(DataType::Float32, {channels});
    if (node_.inputs.size() > 2 && node_.inputs[2] != kNoValue) {
      const Value& bias = graph_.value(node_.inputs[2]);
      bias_ = convert(bias.constant->materialize(bias.type, bias.shape), DataType::Float32);
    }
  }

  void scale(const std::vector<float>& values, bool divide) {
    const auto factor = [&](std::size_t i) { return divide ? 1.0F / values[i] : values[i]; };
    if (!scaled_) weights_ = *graph_.value(node_.inputs[1]).constant->dense;
    scaled_ = true;
    const auto weights = weights_.as<float>();
    const auto axis = static_cast<std::size_t>(weightAxis_);
    const auto stride = static_cast<std::size_t>(rowMajorStrides(weights_.shape())[axis]);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] *= factor(i / stride % values.size());
    }
    const auto bias = bias_.as<float>();
    for (std::size_t i = 0; i < values.size(); ++i) bias[i] *= factor(i);
  }

  Graph& graph_;
  Node& node_;
  std::size_t channelAxis_ = 1;
  int weightAxis_ = 0;
  bool usable_ = false;
  bool symbolic_ = false;
  bool loaded_ = false;
  bool scaled_ = false;  ///< the weights are changed, not the bias alone
  Tensor weights_, bias_;
};

/// Removes step operands that no step reads any more.
void dropUnusedOperands(Node& node) {
  constexpr int kFirstOperand = 3;  // after x, weights and bias
  for (int i = static_cast<int>(node.inputs.size()) - 1; i >= kFirstOperand; --i) {
    const bool read = std::any_of(node.steps.begin(), node.steps.end(),
                                  [&](const ElementStep& step) { return step.operand == i; });
    if (read) continue;
    node.inputs.erase(node.inputs.begin() + i);
    for (ElementStep& step : node.steps) step.operand -= step.operand > i ? 1 : 0;
  }
}

}  // namespace

void foldConstantSteps(Graph& graph) {
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    Node node = graph.nodes[n];
    const bool product = std::holds_alternative<Convolution>(node.operation) ||
                         std::holds_alternative<MatMul>(node.operation);
    if (!product || node.steps.empty()) continue;
    Foldable foldable(graph, node);
    if (!foldable.usable()) continue;
    std::size_t folded = 0;
    while (folded < node.steps.size() && foldable.take(node.steps[folded])) ++folded;
    node.steps.erase(node.steps.begin(), node.steps.begin() + static_cast<std::ptrdiff_t>(folded));
    foldable.store();
    if (folded > 0) dropUnusedOperands(node);
    graph.nodes[n] = std::move(node);
  }
  graph.removeDead();
}

}  // namespace npusim::passes
