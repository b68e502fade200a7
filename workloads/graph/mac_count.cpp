#include "sim/core/error.h"
#include "workloads/graph/graph.h"

namespace npusim {

std::int64_t macCount(const Graph& graph, const Node& node) {
  const Shape& out = graph.value(node.output).shape;
  const std::int64_t passes = graph.passesOf(node.repeat);
  if (std::holds_alternative<Convolution>(node.operation)) {
    const Shape& weights = graph.value(node.inputs.at(1)).shape;
    return passes * elementCount(out) * elementCount(Shape(weights.begin() + 1, weights.end()));
  }
  if (std::holds_alternative<MatMul>(node.operation)) {
    return passes * elementCount(out) * graph.value(node.inputs.at(0)).shape.back();
  }
  return 0;
}

}  // namespace npusim
