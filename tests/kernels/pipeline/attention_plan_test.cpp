#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/tile_attention.h"
#include "tests/end_to_end/attention_layer.h"
#include "tests/kernels/test_chip.h"

namespace npusim::passes {
namespace {

using end_to_end::AttentionLayer;

constexpr std::int64_t kKib = 1024;

plan::Plan planOf(const AttentionLayer& layer) {
  end_to_end::Random random(1);
  return lower(optimize(attentionLayer(layer, random)), testChip(8, 8, 64 * kKib), {});
}

plan::Plan tiled(const AttentionLayer& layer, std::int64_t bufferBytes) {
  const ChipConfig chip = testChip(8, 8, bufferBytes);
  plan::Plan plan = planOf(layer);
  tileAttention(plan, plan::StorageMap(chip), chip, Objective::Latency);
  plan.verify();
  return plan;
}

TEST(AttentionTiling, FindsScoresSoftmaxAndWhatTakesThem) {
  const plan::Plan plan = planOf({.heads = 2, .queries = 16, .keys = 16});
  const std::vector<Attention> found = findAttention(plan);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].tasks.size(), 3u);  // scale and mask are steps of the first product
  ASSERT_EQ(found[0].inner.size(), 2u);
  for (const plan::BlockId id : found[0].inner) EXPECT_EQ(plan.block(id).bytes, 2 * 16 * 16 * 4);
}

TEST(AttentionTiling, FindsNoneInProductsWithConstants) {
  end_to_end::GraphBuilder builder;
  end_to_end::Random random(1);
  const ValueId x = builder.input({4, 8});
  const ValueId scores =
      builder.add(MatMul{}, {x, builder.constant(random.floats({8, 16}, 1)), kNoValue});
  const ValueId weights = builder.add(Softmax{1}, {scores});
  builder.graph().outputs = {
      builder.add(MatMul{}, {weights, builder.constant(random.floats({16, 4}, 1)), kNoValue})};
  const plan::Plan plan = lower(optimize(builder.graph()), testChip(8, 8, 64 * kKib), {});
  EXPECT_TRUE(findAttention(plan).empty());
}

TEST(AttentionTiling, FindsNoneWhoseScoresAreAnOutput) {
  const plan::Plan plan = planOf({.queries = 16, .keys = 16, .weightsAreOutput = true});
  EXPECT_TRUE(findAttention(plan).empty());
}

TEST(AttentionTiling, CutsHeadsAndRowsOfAllBlocks) {
  const plan::Plan plan = planOf({.heads = 2, .queries = 16, .keys = 12});
  const Attention attention = findAttention(plan).front();
  const auto cut = withCut(plan, attention, {{2, 4}, false});
  ASSERT_TRUE(cut);
  cut->verify();
  ASSERT_EQ(cut->repeats.size(), 2u);
  EXPECT_EQ(cut->repeats[1].parent, 0);
  for (const plan::BlockId id : attention.inner) EXPECT_EQ(cut->block(id).bytes, 4 * 12 * 4);
  for (const int t : attention.tasks) {
    EXPECT_EQ(cut->tasks[static_cast<std::size_t>(t)].repeat, 1);
  }
}

TEST(AttentionTiling, HoldsKeysAndValuesOutsideTheLoopOverRows) {
  const plan::Plan plan = planOf({.heads = 2, .queries = 16, .keys = 12});
  const Attention attention = findAttention(plan).front();
  const auto cut = withCut(plan, attention, {{2, 4}, true});
  ASSERT_TRUE(cut);
  cut->verify();
  ASSERT_EQ(cut->tasks.size(), plan.tasks.size() + 2);
  for (int copy = 0; copy < 2; ++copy) {
    const auto at = static_cast<std::size_t>(attention.tasks.front() + copy);
    EXPECT_EQ(cut->layers[at].op, "Hold");
    EXPECT_EQ(cut->tasks[at].repeat, 0);
    EXPECT_EQ(cut->layers[at].outputShape, (Shape{12, 8}));
  }
}

TEST(AttentionTiling, RefusesPartsThatAreNotEqual) {
  const plan::Plan plan = planOf({.heads = 3, .queries = 16, .keys = 12});
  const Attention attention = findAttention(plan).front();
  EXPECT_FALSE(withCut(plan, attention, {{2}, false}));
  EXPECT_FALSE(withCut(plan, attention, {{3, 5}, false}));
  EXPECT_TRUE(withCut(plan, attention, {{3, 8}, false}));
}

TEST(AttentionTiling, CutsOnlyToWhatIsAskedFor) {
  const plan::Plan plan = planOf({.batch = 2, .heads = 3, .queries = 16, .keys = 12});
  const Attention attention = findAttention(plan).front();
  const std::int64_t all = 2 * (2 * 3 * 16 * 12 * 4);
  const auto passes = [&](std::int64_t bytes) { return cutTo(plan, attention, bytes).passes; };
  using Passes = std::vector<std::int64_t>;
  EXPECT_EQ(passes(all), Passes{});
  EXPECT_EQ(passes(all / 2), Passes{2});
  EXPECT_EQ(passes(all / 3), (Passes{2, 3}));
  EXPECT_EQ(passes(all / 7), (Passes{2, 3, 2}));
  EXPECT_EQ(passes(all / 96), (Passes{2, 3, 16}));
  EXPECT_EQ(passes(1), (Passes{2, 3, 16}));
}

TEST(AttentionTiling, IsLeftWholeWhereScoresFit) {
  const AttentionLayer layer{.heads = 2, .queries = 32, .keys = 32};
  EXPECT_TRUE(tiled(layer, 64 * kKib).repeats.empty());
  EXPECT_FALSE(tiled({.heads = 4, .queries = 128, .keys = 128}, 64 * kKib).repeats.empty());
}

TEST(AttentionTiling, PricesWhetherResultsStayOnChip) {
  const plan::Plan plan =
      planOf({.heads = 2, .queries = 16, .keys = 12, .joined = true, .lateValues = true});
  const Attention attention = findAttention(plan).front();
  plan::Plan own = alone(plan, attention);
  own.verify();
  ASSERT_EQ(own.tasks.size(), attention.tasks.size() + 1);
  const plan::Operand& left = own.tasks.back().operands.front();
  EXPECT_EQ(left.block, plan.tasks[static_cast<std::size_t>(attention.tasks.back())].output.block);
  EXPECT_FALSE(own.block(left.block).port);
  EXPECT_TRUE(own.block(own.tasks.back().output.block).port);
  own.computeLifetimes();
  EXPECT_EQ(own.block(left.block).lastTask, std::ssize(own.tasks) - 1);
}

TEST(AttentionTiling, ReadsNoResultsThatTheNetworkGives) {
  const plan::Plan plan = planOf({.heads = 2, .queries = 16, .keys = 12});
  const Attention attention = findAttention(plan).front();
  EXPECT_EQ(alone(plan, attention).tasks.size(), attention.tasks.size());
}

/// Without a memory for activations there is no choice where scores leave no room for all else.
TEST(AttentionTiling, MakesRoomWhereActivationsHaveNoMemory) {
  ChipConfig chip = testChip(8, 8, 64 * kKib);
  chip.memories.front().holds = {Holds::Weights};
  const plan::StorageMap storages(chip);
  plan::Plan plan = planOf({.heads = 4, .queries = 64, .keys = 64, .mask = false});
  EXPECT_THROW(dealAndPlace(plan, storages, chip, {}), NotPossible);
  tileAttention(plan, storages, chip, Objective::Latency);
  EXPECT_FALSE(plan.repeats.empty());
  EXPECT_NO_THROW(dealAndPlace(plan, storages, chip, {}));
}

/// DRAM bytes of all tasks, as expected.
double trafficOf(const plan::Plan& plan, const ChipConfig& chip) {
  const Placed placed = dealAndPlace(plan, plan::StorageMap(chip), chip, {});
  double bytes = 0;
  for (const emit::PlacedTask& task : placed.tasks) {
    bytes += static_cast<double>(placed.plan.passesOf(task.task->repeat)) *
             task.mapping.estimate.dramBytes;
  }
  return bytes;
}

TEST(AttentionTiling, SparesTheScoresTheirWayThroughMemory) {
  const AttentionLayer layer{.heads = 4, .queries = 128, .keys = 128, .mask = false};
  const ChipConfig chip = testChip(8, 8, 64 * kKib);
  const double scores = 4 * 128 * 128 * 4;
  const double before = trafficOf(planOf(layer), chip);
  const double after = trafficOf(tiled(layer, 64 * kKib), chip);
  EXPECT_GT(before, 4 * scores);  // written and read twice
  EXPECT_LT(after, scores);
}

TEST(AttentionTiling, LeavesTasksInBetweenOutOfItsLoops) {
  const plan::Plan plan = planOf({.heads = 2, .queries = 16, .keys = 12, .lateValues = true});
  const Attention attention = findAttention(plan).front();
  ASSERT_EQ(attention.tasks.back() - attention.tasks.front(), 3);
  const auto cut = withCut(plan, attention, {{2}, false});
  ASSERT_TRUE(cut);
  cut->verify();
  const auto first = static_cast<std::size_t>(attention.tasks.front());
  EXPECT_EQ(cut->tasks[first].repeat, -1);
  EXPECT_EQ(cut->layers[first].op, "Elementwise");
  for (std::size_t t = first + 1; t < first + 4; ++t) EXPECT_EQ(cut->tasks[t].repeat, 0);
}

/// What is made and used up in one pass of a loop lives that long; what a pass may find there from
/// the pass before, or is needed after the loop, as long as the loop.
TEST(Lifetimes, AreThoseOfOnePassWhereNothingIsCarriedOn) {
  const plan::Plan plan = planOf({.heads = 2, .queries = 16, .keys = 12});
  const Attention attention = findAttention(plan).front();
  plan::Plan cut = *withCut(plan, attention, {{2, 4}, true});
  cut.computeLifetimes();
  const int first = attention.tasks.front();
  const auto life = [&](plan::BlockId id) {
    return std::pair(cut.block(id).firstTask - first, cut.block(id).lastTask - first);
  };
  EXPECT_EQ(life(attention.inner[0]), std::pair(2, 3));  // scores: product, softmax
  EXPECT_EQ(life(attention.inner[1]), std::pair(3, 4));
  const plan::BlockId keys = cut.tasks[static_cast<std::size_t>(first)].output.block;
  EXPECT_EQ(life(keys), std::pair(0, 4));  // the loop over rows comes back to them
}

}  // namespace
}  // namespace npusim::passes
