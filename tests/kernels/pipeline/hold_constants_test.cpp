#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/pipeline/compile.h"
#include "tests/end_to_end/graph_builder.h"
#include "tests/end_to_end/recurrent_layers.h"
#include "tests/kernels/test_chip.h"

namespace npusim {
namespace {

using end_to_end::RecurrentLayers;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kKib = 1024;

/// What a network came to: the layers that bring weights on chip, and the note to the user.
struct Outcome {
  std::vector<isa::Layer> holds;
  std::string note;
};

Outcome outcomeOf(const RecurrentLayers& layers, const ChipConfig& chip, bool hold = true) {
  end_to_end::Random random(1);
  CompileOptions options;
  options.values = false;
  options.holdConstants = hold;
  Outcome outcome;
  options.note = [&](const std::string& text) { outcome.note = text; };
  for (const isa::Layer& layer :
       compile(optimize(recurrentLayers(layers, random)), chip, options).layers) {
    if (layer.op == "Hold") outcome.holds.push_back(layer);
  }
  return outcome;
}

/// 64 x 64 fp32 weights: 16 KiB.
constexpr RecurrentLayers kOne{.layers = 1, .steps = 8, .batch = 1, .width = 64};

TEST(HoldConstants, WeightsOfALoopAreBroughtOnceWhereTheyFit) {
  const Outcome outcome = outcomeOf(kOne, testChip(8, 8, 32 * kKib));
  ASSERT_EQ(outcome.holds.size(), 1u);
  EXPECT_EQ(outcome.holds[0].outputShape, Shape{64 * 64});
  EXPECT_THAT(outcome.holds[0].name, HasSubstr(".hold"));
  EXPECT_THAT(outcome.note, IsEmpty());
}

TEST(HoldConstants, WhatDoesNotFitIsLoadedInEveryPassAndSaidSo) {
  const Outcome small = outcomeOf(kOne, testChip(8, 8, 16 * kKib));
  EXPECT_THAT(small.holds, IsEmpty());
  EXPECT_THAT(small.note, HasSubstr("(16384 bytes in each of 8 passes)"));
  const Outcome off = outcomeOf(kOne, testChip(8, 8, 64 * kKib), false);
  EXPECT_THAT(off.holds, IsEmpty());
  EXPECT_THAT(off.note, IsEmpty());
}

TEST(HoldConstants, ANoteNamesThreeAndCountsTheRest) {
  RecurrentLayers five = kOne;
  five.layers = 5;
  const std::string note = outcomeOf(five, testChip(8, 8, 16 * kKib)).note;
  EXPECT_THAT(note, EndsWith(" passes) and 2 more (32768 bytes)"));
}

TEST(HoldConstants, ALoopOfOnePassHoldsNothing) {
  RecurrentLayers once = kOne;
  once.steps = 1;
  const Outcome outcome = outcomeOf(once, testChip(8, 8, 64 * kKib));
  EXPECT_THAT(outcome.holds, IsEmpty());
  EXPECT_THAT(outcome.note, IsEmpty());
}

/// A loop of eight passes in each of which a branch makes a product, itself or in a loop of four.
Graph loopWithABranch(bool loopInside) {
  end_to_end::GraphBuilder net;
  end_to_end::Random random(1);
  Graph& graph = net.graph();
  const ValueId x = net.input({1, 64});
  const ValueId flag = net.input({1}, DataType::Bool);
  graph.repeats = {{.name = "loop", .passes = 8},
                   {.name = "then", .passes = 1, .parent = 0, .condition = flag, .runsIf = true},
                   {.name = "else", .passes = 1, .parent = 0, .condition = flag, .runsIf = false}};
  if (loopInside) graph.repeats.push_back({.name = "inner", .passes = 4, .parent = 1});
  const auto add = [&](Operation operation, std::vector<ValueId> inputs, int repeat) {
    const ValueId made = net.add(std::move(operation), std::move(inputs));
    graph.nodes.back().repeat = repeat;
    return made;
  };
  const ValueId state = add(Carried{}, {x, x}, 0);
  const ValueId weights = net.constant(random.floats({64, 64}, 0.1));
  const ValueId product = add(MatMul{}, {state, weights, kNoValue}, loopInside ? 3 : 1);
  const ValueId other = add(Transpose{{0, 1}}, {state}, 2);
  const ValueId next = add(Merge{}, {flag, product, other}, 0);
  graph.nodes[0].inputs[1] = next;
  graph.outputs = {net.unary(next, ElementOp::Relu)};
  graph.verify();
  return graph;
}

/// The layers that bring constants on chip, and whether each stands inside a branch.
std::vector<bool> holdsInBranches(const Graph& graph) {
  CompileOptions options;
  options.values = false;
  const isa::Program program = compile(optimize(graph), testChip(8, 8, 64 * kKib), options);
  std::vector<bool> found;
  std::vector<bool> open;
  for (const isa::Instruction& instruction : program.queue(isa::Engine::LoadInputs)) {
    if (const auto* loop = std::get_if<isa::Loop>(&instruction.body)) {
      open.push_back(loop->condition.has_value());
    } else if (std::holds_alternative<isa::EndLoop>(instruction.body)) {
      open.pop_back();
    } else if (program.layers[static_cast<std::size_t>(instruction.layer)].op == "Hold" &&
               std::holds_alternative<isa::Transfer>(instruction.body)) {
      found.push_back(std::find(open.begin(), open.end(), true) != open.end());
    }
  }
  return found;
}

TEST(HoldConstants, WhatABranchReadsIsNotBroughtWhereItIsNotTaken) {
  EXPECT_THAT(holdsInBranches(loopWithABranch(false)), IsEmpty());
  EXPECT_THAT(holdsInBranches(loopWithABranch(true)), testing::ElementsAre(true));
}

TEST(HoldConstants, LoopsOneAfterAnotherUseTheSameRoom) {
  RecurrentLayers stack = kOne;
  stack.layers = 3;
  EXPECT_EQ(outcomeOf(stack, testChip(8, 8, 32 * kKib)).holds.size(), 3u);
}

TEST(HoldConstants, OfALoopAsManyAsFitAreHeld) {
  RecurrentLayers wide = kOne;
  wide.products = 3;
  const Outcome two = outcomeOf(wide, testChip(8, 8, 56 * kKib));
  EXPECT_EQ(two.holds.size(), 2u);
  EXPECT_THAT(two.note, HasSubstr("16384 bytes"));
  EXPECT_EQ(outcomeOf(wide, testChip(8, 8, 128 * kKib)).holds.size(), 3u);
}

TEST(HoldConstants, ABufferOfWeightsMayBeFilledToTheLastByte) {
  ChipConfig chip = testChip(8, 8, 64 * kKib);
  BufferConfig weights = chip.buffers.front();
  chip.buffers.front().holds = {Holds::Activations};
  weights.name = "weights";
  weights.holds = {Holds::Weights};
  weights.capacityBytes = 16 * kKib;
  chip.buffers.push_back(weights);
  EXPECT_EQ(outcomeOf(kOne, chip).holds.size(), 1u);
  chip.buffers.back().capacityBytes = 15 * kKib;
  EXPECT_THAT(outcomeOf(kOne, chip).holds, IsEmpty());
}

}  // namespace
}  // namespace npusim
