#include <fmt/format.h>

#include <vector>

#include "sim/config/load_config.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/expectations.h"
#include "tests/end_to_end/graph_builder.h"
#include "tests/end_to_end/random.h"

namespace npusim::end_to_end {
namespace {

/// Loops within one another, outermost first, each with a state of its own that begins as that of
/// the loop around it; each pass of the innermost adds to its state, those of the others make
/// theirs from what the loop inside left. With `inBranch` the loops inside the outermost run only
/// where an input says so.
Graph nest(const std::vector<std::int64_t>& passes, bool inBranch) {
  GraphBuilder net;
  Graph& graph = net.graph();
  const ValueId x = net.input({2, 4});
  const ValueId flag = net.input({1}, DataType::Bool);
  std::vector<ValueId> states;
  std::vector<std::size_t> nodes;
  std::vector<int> repeats;
  int repeat = -1;
  const auto add = [&](Operation operation, std::vector<ValueId> inputs,
                       std::vector<ElementStep> steps = {}) {
    const ValueId made = net.add(std::move(operation), std::move(inputs), std::move(steps));
    graph.nodes.back().repeat = repeat;
    return made;
  };
  const auto open = [&](std::int64_t count, ValueId condition) {
    graph.repeats.push_back(
        {"loop" + std::to_string(graph.repeats.size()), count, repeat, condition, true});
    repeat = static_cast<int>(graph.repeats.size()) - 1;
  };
  for (const std::int64_t count : passes) {
    open(count, kNoValue);
    repeats.push_back(repeat);
    const ValueId before = states.empty() ? x : states.back();
    states.push_back(add(Carried{}, {before, before}));
    nodes.push_back(graph.nodes.size() - 1);
    if (inBranch && states.size() == 1) open(1, flag);
  }
  ValueId inner = x;
  while (!states.empty()) {
    repeat = repeats.back();
    if (inBranch && states.size() == 1) inner = add(Merge{}, {flag, inner, states.back()});
    inner = add(Elementwise{}, {inner, states.back()},
                {{ElementOp::Sub, 1, 0, 0, false}, {ElementOp::Tanh, -1, 0, 0, false}});
    graph.nodes[nodes.back()].inputs[1] = inner;
    states.pop_back();
    nodes.pop_back();
    repeats.pop_back();
  }
  repeat = -1;
  graph.outputs = {add(Elementwise{}, {inner}, {{ElementOp::Neg, -1, 0, 0, false}})};
  graph.verify();
  return graph;
}

void check(const std::vector<std::int64_t>& passes, bool inBranch, double flag = 1) {
  SCOPED_TRACE(fmt::format("passes {}{}", fmt::join(passes, " x "), inBranch ? ", branch" : ""));
  const Graph graph = nest(passes, inBranch);
  const Compiled compiled = compileFor(graph, loadChip("edge", {}), DataType::Float32, {});
  Random random(5);
  Inputs inputs;
  inputs[graph.value(graph.inputs[0]).name] = random.floats({2, 4}, 1);
  Tensor truth(DataType::Bool, {1});
  truth.set(0, flag);
  inputs[graph.value(graph.inputs[1]).name] = truth;
  const Execution execution = execute(compiled.program, inputs);
  ASSERT_EQ(execution.error, "");
  expectRightValues(compiled, DataType::Float32, execution, inputs, {1e-5, 1e-5});
}

TEST(NestedLoops, KeepTheirStatesWhateverTheNumbersOfTheirPasses) {
  for (std::int64_t outer = 1; outer <= 4; ++outer) {
    for (std::int64_t inner = 1; inner <= 4; ++inner) {
      check({outer, inner}, false);
      for (const double flag : {0, 1}) check({outer, inner}, true, flag);
    }
  }
}

TEST(NestedLoops, ThreeDeep) {
  for (const std::int64_t outer : {2, 3}) {
    for (const std::int64_t middle : {1, 2, 3}) {
      for (const std::int64_t inner : {1, 2, 3}) check({outer, middle, inner}, false);
    }
  }
}

}  // namespace
}  // namespace npusim::end_to_end
