#include <map>

#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

/// Inputs whose constants stay fp32: the bias of a product and the operands of steps.
bool keepsFullPrecision(const Node& node, std::size_t input) {
  const bool product = std::holds_alternative<Convolution>(node.operation) ||
                       std::holds_alternative<MatMul>(node.operation);
  if (product) return input >= 2;
  return std::holds_alternative<Elementwise>(node.operation);
}

}  // namespace

void setFloatFormat(Graph& graph, DataType format) {
  for (Value& value : graph.values) {
    if (value.type == DataType::Float32 && !value.constant) value.type = format;
  }
  std::map<ValueId, ValueId> narrowed;  // constants may have several readers
  for (Node& node : graph.nodes) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (!graph.isConstant(id) || keepsFullPrecision(node, i)) continue;
      if (graph.value(id).type != DataType::Float32) continue;
      if (const auto known = narrowed.find(id); known != narrowed.end()) {
        node.inputs[i] = known->second;
        continue;
      }
      Value narrow = graph.value(id);
      narrow.type = format;
      narrow.name += "." + std::string(name(format));
      if (narrow.constant->dense) {
        narrow.constant->dense =
            std::make_shared<const Tensor>(convert(*narrow.constant->dense, format));
      }
      node.inputs[i] = narrowed[id] = graph.addValue(std::move(narrow));
    }
  }
  graph.removeDead();
}

}  // namespace npusim::passes
