#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/end_to_end/random.h"
#include "workloads/graph/graph.h"

namespace npusim::end_to_end {

struct RecurrentLayers {
  int layers = 1;
  std::int64_t steps = 1, batch = 1, width = 1;
  /// How many products a step makes, each with weights of its own.
  int products = 1;
};

/// x [steps, batch, width] through layers of h' = tanh(h R1 + h R2 + ... + x), one after the other,
/// each a loop from a state of zeros.
inline Graph recurrentLayers(const RecurrentLayers& layers, Random& random) {
  const auto [count, steps, batch, width, products] = layers;
  Graph graph;
  int repeat = -1;
  const auto add = [&](Operation operation, std::vector<ValueId> inputs,
                       std::vector<ElementStep> elementSteps = {}) {
    Node node;
    node.name = "node" + std::to_string(graph.nodes.size());
    node.opName = name(operation);
    node.operation = std::move(operation);
    node.inputs = std::move(inputs);
    node.steps = std::move(elementSteps);
    node.repeat = repeat;
    return graph.addNode(std::move(node));
  };
  const auto constant = [&](Tensor tensor) {
    return graph.addConstant("c" + std::to_string(graph.values.size()), std::move(tensor));
  };
  ValueId x = graph.addValue({"x", DataType::Float32, {steps, batch, width}, {}, {}});
  graph.inputs = {x};
  for (int layer = 0; layer < count; ++layer) {
    const ValueId zeros = constant(Tensor(DataType::Float32, {batch, width}));
    std::vector<ValueId> weights;
    const double scale = 1 / static_cast<double>(width);
    for (int p = 0; p < products; ++p) {
      weights.push_back(constant(random.floats({width, width}, scale)));
    }
    repeat = static_cast<int>(graph.repeats.size());
    graph.repeats.push_back({.name = "layer" + std::to_string(layer), .passes = steps});
    const ValueId state = add(Carried{}, {zeros, zeros});
    const std::size_t carried = graph.nodes.size() - 1;
    ValueId sum = add(Take{}, {x});
    for (const ValueId w : weights) {
      const ValueId product = add(MatMul{}, {state, w, kNoValue});
      sum = add(Elementwise{}, {product, sum}, {{.op = ElementOp::Add, .operand = 1}});
    }
    const ValueId next = add(Elementwise{}, {sum}, {{.op = ElementOp::Tanh}});
    graph.nodes[carried].inputs[1] = next;
    x = add(Collect{steps, false}, {next});
    repeat = -1;
  }
  graph.outputs = {x};
  graph.verify();
  return graph;
}

}  // namespace npusim::end_to_end
