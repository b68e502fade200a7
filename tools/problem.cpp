#include "tools/problem.h"

#include <fmt/format.h>

#include "sim/core/error.h"

namespace npusim::tools {
namespace {

/// Keeps the made weights apart from the made inputs of the same seed.
constexpr std::uint64_t kWeightSeed = 0x77;

ValueId addInput(Graph& graph, const std::string& name, Shape shape) {
  const ValueId id =
      graph.addValue({name, DataType::Float32, std::move(shape), std::nullopt, std::nullopt});
  graph.inputs.push_back(id);
  return id;
}

ValueId addSeeded(Graph& graph, Shape shape, std::uint64_t seed) {
  Constant constant;
  constant.seed = seed ^ kWeightSeed;
  return graph.addValue(
      {"w", DataType::Float32, std::move(shape), std::move(constant), std::nullopt});
}

Network finished(Graph graph, Node node) {
  graph.name = node.name;
  graph.outputs = {graph.addNode(std::move(node), "output")};
  graph.verify();
  Network network;
  network.name = graph.name;
  network.hash = contentHash(graph);
  network.graph = std::move(graph);
  return network;
}

}  // namespace

Network gemmNetwork(std::int64_t m, std::int64_t n, std::int64_t k, std::uint64_t seed) {
  Graph graph;
  const ValueId a = addInput(graph, "a", {m, k});
  const ValueId w = addSeeded(graph, {k, n}, seed);
  return finished(std::move(graph), {"gemm", "MatMul", MatMul{}, {a, w, kNoValue}, {}, kNoValue});
}

Network convNetwork(const ConvProblem& problem, std::uint64_t seed) {
  const std::size_t spatial = problem.kernel.size() - 1;
  if (problem.input.size() != spatial + 2) {
    throw BadInput(
        fmt::format("--input has {} dimensions, --kernel {}; a 2-D convolution takes "
                    "N,C,H,W and K,R,S",
                    problem.input.size(), problem.kernel.size()));
  }
  const std::int64_t channels = problem.input[1];
  if (channels % problem.groups != 0 || problem.kernel[0] % problem.groups != 0) {
    throw BadInput(fmt::format("--groups {}: must divide the {} input and the {} output channels",
                               problem.groups, channels, problem.kernel[0]));
  }
  Shape weights = problem.kernel;
  weights.insert(weights.begin() + 1, channels / problem.groups);
  const Shape pads(spatial, problem.pad);
  const Convolution operation{Shape(spatial, problem.stride), Shape(spatial, problem.dilation),
                              pads, pads, problem.groups};
  Graph graph;
  const ValueId x = addInput(graph, "x", problem.input);
  const ValueId w = addSeeded(graph, std::move(weights), seed);
  Network network =
      finished(std::move(graph), {"conv", "Conv", operation, {x, w, kNoValue}, {}, kNoValue});
  network.batch = problem.input[0];
  return network;
}

}  // namespace npusim::tools
