#include <gmock/gmock.h>

#include "sim/core/error.h"
#include "workloads/graph/graph.h"

namespace npusim {
namespace {

using testing::HasSubstr;

constexpr int kStates = 3;

/// Three states in a loop, each of which goes on from what is made of it.
Graph threeStates() {
  Graph graph;
  graph.repeats.push_back({"loop", 4, -1, kNoValue, true});
  const auto add = [&](const std::string& name, Operation operation, std::vector<ValueId> inputs,
                       std::vector<ElementStep> steps) {
    Node node{name, name, std::move(operation), std::move(inputs), std::move(steps), kNoValue};
    node.repeat = 0;
    return graph.addNode(std::move(node), name + "_value");
  };
  std::vector<ValueId> states;
  for (int i = 0; i < kStates; ++i) {
    const std::string name = "x" + std::to_string(i);
    const ValueId x = graph.addValue({name, DataType::Float32, {2, 3}, {}, {}});
    graph.inputs.push_back(x);
    states.push_back(add("state" + std::to_string(i), Carried{}, {x, x}, {}));
  }
  for (int i = 0; i < kStates; ++i) {
    const ValueId state = states[static_cast<std::size_t>(i)];
    graph.nodes[static_cast<std::size_t>(i)].inputs[1] =
        add("next" + std::to_string(i), Elementwise{}, {state}, {{.op = ElementOp::Tanh}});
  }
  graph.outputs = {graph.nodes.back().output};
  return graph;
}

std::string refusal(const Graph& graph) {
  try {
    graph.verify();
  } catch (const InternalError& error) {
    return error.what();
  }
  return "no error";
}

ValueId& nextOf(Graph& graph, int state) {
  return graph.nodes[static_cast<std::size_t>(state)].inputs[1];
}

TEST(States, WithNextValuesOfTheirOwnAreRight) { EXPECT_EQ(refusal(threeStates()), "no error"); }

TEST(States, OfOneNextValueAreRefused) {
  for (int first = 0; first < kStates; ++first) {
    for (int second = first + 1; second < kStates; ++second) {
      Graph graph = threeStates();
      nextOf(graph, second) = nextOf(graph, first);
      EXPECT_THAT(refusal(graph),
                  HasSubstr("states 'state" + std::to_string(first) + "' and 'state" +
                            std::to_string(second) + "' go on from the same value, 'next" +
                            std::to_string(first) + "_value'"));
    }
  }
}

TEST(States, ThatGoOnFromAnotherStateAreRefused) {
  Graph graph = threeStates();
  nextOf(graph, 0) = graph.nodes[2].output;
  EXPECT_THAT(refusal(graph), HasSubstr("state 'state0' goes on from another state, 'state2"));
}

TEST(States, ThatGoOnFromAnEarlierStateAreRefused) {
  Graph graph = threeStates();
  nextOf(graph, 2) = graph.nodes[0].output;
  EXPECT_THAT(refusal(graph), HasSubstr("state 'state2' goes on from nothing later in its loop"));
}

}  // namespace
}  // namespace npusim
