#include "kernels/lowering/operator_work.h"

#include <functional>
#include <numeric>

namespace npusim::lowering {
namespace {

std::int64_t elements(const Graph& graph, ValueId id) {
  return elementCount(graph.value(id).shape);
}

/// Additions and multiplications around the exponential or the like of an activation, which a
/// machine without tables for it computes one by one.
std::int64_t simpleAround(ElementOp op) {
  switch (op) {
    case ElementOp::Gelu:
      return 4;
    case ElementOp::GeluTanh:
      return 7;
    case ElementOp::Swish:
      return 2;
    default:
      return 0;
  }
}

void addOps(OperatorWork& work, ElementOp op, std::int64_t count) {
  work.simpleOps += simpleAround(op) * count;
  switch (costClass(op)) {
    case ElementCost::Simple:
      work.simpleOps += count;
      break;
    case ElementCost::Divide:
      work.divideOps += count;
      break;
    case ElementCost::Transcendental:
      work.transcendentalOps += count;
      break;
  }
}

std::int64_t product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// The operation itself, without its steps.
void describe(OperatorWork& work, const Graph& graph, const Node& node) {
  const Shape& out = graph.value(node.output).shape;
  const std::int64_t outputs = work.outputElements;
  const std::int64_t inputs = elements(graph, node.inputs.front());
  if (const auto* conv = std::get_if<Convolution>(&node.operation)) {
    const Shape& w = graph.value(node.inputs[1]).shape;
    work.kind = OperatorWork::Kind::Convolution;
    work.window = product({w.begin() + 2, w.end()});
    work.batch = conv->groups;
    work.m = outputs / out[1];
    work.n = w[0] / conv->groups;
    work.k = w[1] * work.window;
  } else if (std::holds_alternative<MatMul>(node.operation)) {
    const Shape& a = graph.value(node.inputs[0]).shape;
    const bool shared = graph.isConstant(node.inputs[1]);
    work.kind = OperatorWork::Kind::Matrix;
    work.k = a.back();
    const std::int64_t rows = a.size() > 1 ? a[a.size() - 2] : 1;
    const std::int64_t perProduct = shared ? inputs / work.k : rows;
    work.m = perProduct;
    work.batch = shared ? 1 : std::max<std::int64_t>(1, inputs / (rows * work.k));
    work.n = outputs / (work.m * work.batch);
  } else if (const auto* pool = std::get_if<Pool>(&node.operation)) {
    work.simpleOps += outputs * product(pool->kernel);
  } else if (std::holds_alternative<Reduce>(node.operation)) {
    work.simpleOps += inputs;
  } else if (std::holds_alternative<Softmax>(node.operation)) {
    work.simpleOps += 3 * outputs;
    work.transcendentalOps += outputs;
    work.divideOps += outputs;
  } else if (const auto* norm = std::get_if<LocalResponseNorm>(&node.operation)) {
    work.simpleOps += outputs * (norm->size + 2);
    work.transcendentalOps += outputs;
    work.divideOps += outputs;
  } else if (!std::holds_alternative<Elementwise>(node.operation)) {
    work.kind = OperatorWork::Kind::Movement;
  }
}

/// State and parts that a loop takes are found where they lie; what it collects, one part a pass.
void describeLoop(OperatorWork& work, const Graph& graph, const Node& node) {
  const bool collects = std::holds_alternative<Collect>(node.operation);
  work.inputElements = work.outputElements = collects ? elements(graph, node.inputs.front()) : 0;
}

}  // namespace

OperatorWork operatorWork(const Graph& graph, const Node& node) {
  OperatorWork work;
  work.name = node.name;
  work.times = graph.passesOf(node.repeat);
  work.macs = macCount(graph, node) / work.times;
  work.outputElements = elements(graph, node.output);
  work.elementBytes = byteSize(graph.value(node.output).type);
  for (const ValueId input : node.inputs) {
    if (input == kNoValue) continue;
    (graph.isConstant(input) ? work.weightElements : work.inputElements) += elements(graph, input);
  }
  describe(work, graph, node);
  if (isOfLoops(node.operation)) describeLoop(work, graph, node);
  for (const ElementStep& step : node.steps) addOps(work, step.op, work.outputElements);
  return work;
}

}  // namespace npusim::lowering
