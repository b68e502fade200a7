#include "kernels/pipeline/split.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/random_branches.h"
#include "tests/end_to_end/random_graph.h"
#include "workloads/evaluate/evaluate.h"

/// Networks dealt to two machines: the parts, one after another on what those before them made,
/// compute bit for bit what the whole does.
namespace npusim::end_to_end {
namespace {

using Tensors = std::map<std::string, Tensor>;

Tensors inputsFor(Random& random, const Graph& graph) {
  Tensors inputs;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    inputs[value.name] = value.type == DataType::Bool ? Tensor(value.type, value.shape)
                                                      : random.floats(value.shape, 1);
    if (value.type == DataType::Bool) inputs[value.name].set(0, random.once(2) ? 1 : 0);
  }
  return inputs;
}

std::set<std::string> someNodes(Random& random, const Graph& graph) {
  std::set<std::string> names;
  for (const Node& node : graph.nodes) {
    if (random.once(3)) names.insert(node.name);
  }
  return names;
}

Tensors evaluateParts(const std::vector<GraphPart>& parts, Tensors known) {
  for (const GraphPart& part : parts) {
    Tensors inputs;
    for (const ValueId id : part.graph.inputs) {
      const std::string& name = part.graph.value(id).name;
      inputs[name] = known.at(name);
    }
    const std::vector<Tensor> outputs = evaluate(part.graph, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      known[part.graph.value(part.graph.outputs[i]).name] = outputs[i];
    }
  }
  return known;
}

/// The number of parts.
std::size_t check(const Graph& graph, const std::set<std::string>& offChip, const Tensors& inputs) {
  const std::vector<GraphPart> parts = splitByMachine(graph, offChip);
  std::size_t nodes = 0;
  bool before = !parts.empty() && !parts.front().onChip;
  for (const GraphPart& part : parts) {
    nodes += part.graph.nodes.size();
    EXPECT_NE(part.onChip, before) << "two parts in a row on one machine";
    before = part.onChip;
    for (const Node& node : part.graph.nodes) {
      if (part.onChip) {
        EXPECT_FALSE(offChip.contains(node.name)) << node.name;
      }
    }
  }
  EXPECT_EQ(nodes, graph.nodes.size());
  const Tensors values = evaluateParts(parts, inputs);
  const std::vector<Tensor> expected = evaluate(graph, inputs);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Value& value = graph.value(graph.outputs[i]);
    if (value.constant) continue;
    EXPECT_TRUE(std::ranges::equal(values.at(value.name).bytes(), expected[i].bytes()))
        << value.name;
  }
  return parts.size();
}

TEST(Split, PartsComputeWhatTheWholeDoes) {
  constexpr unsigned kGraphs = 300;
  std::size_t several = 0;
  for (unsigned seed = 1; seed <= kGraphs && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    const Graph graph = randomGraph(random);
    const Tensors inputs = randomInputs(random, graph);
    if (check(graph, someNodes(random, graph), inputs) > 1) ++several;
  }
  EXPECT_GE(several, kGraphs / 4);
}

TEST(Split, LoopsAndBranchesStayWhole) {
  constexpr unsigned kGraphs = 300;
  std::size_t several = 0;
  for (unsigned seed = 1; seed <= kGraphs && !testing::Test::HasFailure(); ++seed) {
    Random random(seed);
    const Graph graph = RandomBranches(random).make();
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, graph.toText()));
    const Tensors inputs = inputsFor(random, graph);
    if (check(graph, someNodes(random, graph), inputs) > 1) ++several;
  }
  EXPECT_GE(several, kGraphs / 4);
}

}  // namespace
}  // namespace npusim::end_to_end
