#include "sim/core/error.h"
#include "workloads/graph/graph.h"

namespace npusim {
namespace {

/// passes * outputs * products of each.
std::int64_t total(const Node& node, std::int64_t passes, std::int64_t outputs,
                   std::int64_t products) {
  std::int64_t count = 0;
  if (!__builtin_mul_overflow(passes, outputs, &count) &&
      !__builtin_mul_overflow(count, products, &count)) {
    return count;
  }
  throw BadInput("node '" + node.name + "' has more than 2^63 multiply-accumulates");
}

}  // namespace

std::int64_t macCount(const Graph& graph, const Node& node) {
  const Shape& out = graph.value(node.output).shape;
  if (std::holds_alternative<Convolution>(node.operation)) {
    const Shape& weights = graph.value(node.inputs.at(1)).shape;
    return total(node, graph.passesOf(node.repeat), elementCount(out),
                 elementCount(Shape(weights.begin() + 1, weights.end())));
  }
  if (std::holds_alternative<MatMul>(node.operation)) {
    return total(node, graph.passesOf(node.repeat), elementCount(out),
                 graph.value(node.inputs.at(0)).shape.back());
  }
  return 0;
}

}  // namespace npusim
