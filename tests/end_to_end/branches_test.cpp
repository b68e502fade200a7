#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sim/config/load_config.h"
#include "sim/isa/program_io.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/expectations.h"
#include "tests/end_to_end/random_branches.h"
#include "tests/end_to_end/random_chip.h"
#include "tests/end_to_end/slowed.h"

namespace npusim::end_to_end {
namespace {

Inputs inputsFor(Random& random, const Graph& graph) {
  Inputs inputs;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    Tensor tensor(value.type, value.shape);
    if (value.type == DataType::Bool) {
      tensor.set(0, random.once(2) ? 1 : 0);
    } else {
      tensor = random.floats(value.shape, 1);
    }
    inputs[value.name] = tensor;
  }
  return inputs;
}

/// False when the network does not fit the chip.
bool check(unsigned seed, const ChipConfig& chip) {
  Random random(seed);
  const Graph graph = RandomBranches(random).make();
  SCOPED_TRACE(fmt::format("seed {}\n{}", seed, graph.toText()));
  const auto compiled = compiledIfItFits(graph, chip, DataType::Float32, {});
  if (!compiled) return false;
  const Inputs inputs = inputsFor(random, graph);
  const Execution execution = execute(compiled->program, inputs);
  EXPECT_EQ(execution.error, "");
  if (!execution.error.empty()) return true;
  expectRightValues(*compiled, DataType::Float32, execution, inputs, {1e-4, 1e-3});
  EXPECT_LE(execution.macs, macsOf(graph));
  const Execution again = execute(isa::unpack(isa::pack(compiled->program), "program.npu"), inputs);
  EXPECT_EQ(again.cycles, execution.cycles) << again.error;
  if (chip.cores == 1 && !chip.memories.empty()) {
    const auto engines = static_cast<unsigned>(random.integer(1, kTimings - 1));
    expectSameOnOtherTiming(compiled->program, chip, engines, execution, inputs);
  }
  return true;
}

TEST(Branches, RandomNestsComputeWhatTheEvaluationComputes) {
  constexpr unsigned kGraphs = 150;
  unsigned fits = 0;
  for (unsigned seed = 1; seed <= kGraphs && !HasFailure(); ++seed) {
    Random random(seed + 1000);
    if (check(seed, randomChip(random))) ++fits;
  }
  EXPECT_GE(fits, HasFailure() ? 0 : kGraphs / 2);
}

TEST(Branches, RandomNestsOnSeveralCores) {
  const ChipConfig chip = loadChip("edge", {{"cores", "4"}});
  for (unsigned seed = 501; seed <= 530 && !HasFailure(); ++seed) EXPECT_TRUE(check(seed, chip));
}

/// Then a product of many rows, else of one.
Graph dearOrCheap() {
  GraphBuilder net;
  const ValueId x = net.input({1, 64});
  const ValueId flag = net.input({1}, DataType::Bool);
  Graph& graph = net.graph();
  graph.repeats = {{"then", 1, -1, flag, true}, {"else", 1, -1, flag, false}};
  Random random(3);
  ValueId dear = x;
  for (int i = 0; i < 8; ++i) {
    dear = net.add(MatMul{}, {dear, net.constant(random.floats({64, 64}, 0.2)), kNoValue});
    graph.nodes.back().repeat = 0;
  }
  const ValueId cheap = net.unary(x, ElementOp::Relu);
  graph.nodes.back().repeat = 1;
  graph.outputs = {net.add(Merge{}, {flag, dear, cheap})};
  return graph;
}

Execution runWith(const Compiled& compiled, double flag) {
  Random random(7);
  Inputs inputs;
  const Graph& graph = compiled.graph;
  inputs[graph.value(graph.inputs[0]).name] = random.floats({1, 64}, 1);
  Tensor truth(DataType::Bool, {1});
  truth.set(0, flag);
  inputs[graph.value(graph.inputs[1]).name] = truth;
  return execute(compiled.program, inputs);
}

TEST(Branches, OnlyTheOneTakenCosts) {
  const Graph graph = dearOrCheap();
  const Compiled compiled = compileFor(graph, loadChip("edge", {}), DataType::Float32, {});
  const Execution dear = runWith(compiled, 1);
  const Execution cheap = runWith(compiled, 0);
  EXPECT_EQ(dear.error + cheap.error, "");
  EXPECT_EQ(dear.macs, 8 * 64 * 64);
  EXPECT_EQ(cheap.macs, 0);
  EXPECT_LT(cheap.cycles * 4, dear.cycles);
  EXPECT_FALSE(sameBytes(dear.outputs, cheap.outputs));
}

TEST(Branches, ProgramTextNamesTheCondition) {
  const Compiled compiled = compileFor(dearOrCheap(), loadChip("edge", {}), DataType::Float32, {});
  const std::string text = isa::toText(compiled.program);
  EXPECT_THAT(text, testing::HasSubstr("loop 1 if "));
  EXPECT_THAT(text, testing::HasSubstr("loop 1 if not "));
}

}  // namespace
}  // namespace npusim::end_to_end
