#include "kernels/mapping/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/kernels/mapping/convolution_plan.h"
#include "tests/kernels/test_chip.h"

namespace npusim::mapping {
namespace {

/// Cycles when every transfer takes `load` alone and is there `latency` later, every product
/// `array` and every result `vector`.
struct Times {
  double load = 0, latency = 0;
  std::int64_t array = 0;
  double vector = 0;
};

/// Plays a mapping of a product [16, k] x [k, 8] on a chip that issues in no time.
class Played {
 public:
  explicit Played(std::int64_t k) : plan_(convolution(1, 16, k, 8, 1)) {
    chip_.issueCycles = chip_.dma.issueCycles = 0;
  }

  double cycles(Tiling tiling, bool doubled, const Times& times) {
    const Context context{chip_, storages_, plan_, free_};
    Evaluator evaluator(context, plan_.tasks[0]);
    const Mapping* mapping = evaluator.evaluate(tiling, doubled);
    EXPECT_NE(mapping, nullptr);
    const TileTimes tileTimes{.transfer = [&](std::size_t, const Tiling&) -> TransferTime {
                                Traffic traffic;
                                traffic.memory = traffic.alone = times.load;
                                traffic.latency = times.latency;
                                return {traffic, 0};
                              },
                              .array = [&](const Tiling&) -> ArrayTiming {
                                return {0, times.array, 0};
                              },
                              .vector = [&](const Tiling&) { return times.vector; }};
    return Replay(context, plan_.tasks[0], tileTimes).cycles(*mapping, 1000);
  }

  Tiling rows(std::int64_t size) const {
    Tiling tiling = untiled(plan_.tasks[0]);
    tiling.tile[plan::M2] = size;
    tiling.order = {plan::M2};
    return tiling;
  }
  const plan::Task& task() const { return plan_.tasks[0]; }

 private:
  ChipConfig chip_ = testChip(4, 4, 1 << 16);
  plan::Plan plan_;
  plan::StorageMap storages_{chip_};
  std::vector<std::int64_t> free_ = {1 << 16, 1 << 16, 1 << 16};
};

/// Weights and inputs share the memory, 10 cycles each; then product, result and store follow.
TEST(Replay, OneTileGoesThroughTheEnginesOneByOne) {
  Played played(8);
  EXPECT_DOUBLE_EQ(played.cycles(untiled(played.task()), true, {10, 5, 100, 7}),
                   20 + 5 + 100 + 7 + 10 + 5);
}

/// Four tiles of 100 cycles: the first waits for weights and its inputs, later ones are there in
/// time; the last result is stored behind all.
TEST(Replay, DoubledSlotsHideTheLoads) {
  Played played(8);
  EXPECT_DOUBLE_EQ(played.cycles(played.rows(4), true, {10, 0, 100, 0}), 20 + 400 + 10);
}

/// With single slots a load waits until the product has used the slot, and then shares the memory
/// with the store of its results.
TEST(Replay, SingleSlotsHideNothing) {
  Played played(8);
  EXPECT_DOUBLE_EQ(played.cycles(played.rows(4), false, {10, 0, 100, 0}), 20 + 400 + 3 * 20 + 10);
}

/// The memory is the slowest: four loads of inputs, one of weights, four stores, one after the
/// other.
TEST(Replay, AMemoryServesOneTransferAtATime) {
  Played played(8);
  const double cycles = played.cycles(played.rows(4), true, {50, 0, 1, 0});
  EXPECT_GE(cycles, 9 * 50);
  EXPECT_LE(cycles, 9 * 50 + 2 * 50);  // the last store or two have the memory to themselves
}

/// A transfer may be so short that late on the clock its end cannot be told from its start.
TEST(Replay, EndsWithTransfersShorterThanTheClockCanTell) {
  Played played(8);
  for (const double load : {1e-1, 1e-3, 1e-5, 1e-7, 1e-9}) {
    const double cycles = played.cycles(played.rows(1), true, {load, 0, 1'000'000'007, 0});
    EXPECT_NEAR(cycles, 16 * 1'000'000'007.0, 1) << "loads of " << load;
  }
}

/// The first tiles stand for the others when those are too many to be played.
TEST(Replay, OfManyTilesTheFirstOnesStandForAll) {
  const ChipConfig chip = testChip(4, 4, 1 << 14);
  const plan::Plan plan = convolution(1, 4000, 8, 8, 1);
  const plan::StorageMap storages(chip);
  const Context context{chip, storages, plan, {1 << 14, 1 << 14, 1 << 14}};
  Evaluator evaluator(context, plan.tasks[0]);
  Tiling tiling = untiled(plan.tasks[0]);
  tiling.tile[plan::M2] = 4;
  tiling.order = {plan::M2};
  const Mapping mapping = *evaluator.evaluate(tiling, true);
  const TileTimes times{.transfer = [&](std::size_t, const Tiling&) -> TransferTime {
                          Traffic traffic;
                          traffic.memory = traffic.alone = 10;
                          traffic.latency = 20;
                          return {traffic, 0};
                        },
                        .array = [&](const Tiling&) -> ArrayTiming {
                          return {0, 15, 0};
                        },
                        .vector = [&](const Tiling&) { return 3.0; }};
  Replay replay(context, plan.tasks[0], times);
  const double all = replay.cycles(mapping, 1000);
  EXPECT_NEAR(replay.cycles(mapping, 100), all, all / 100);
}

/// Random convolutions and tilings: never faster than the array or the vector unit; a faster memory
/// never makes the same mapping slower.
TEST(Replay, KeepsToWhatTheEnginesCanDo) {
  constexpr unsigned kSeed = 77;
  std::mt19937 random(kSeed);
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  for (int problem = 0; problem < 200; ++problem) {
    const std::int64_t r = pick(1, 3);
    const plan::Plan plan = convolution(pick(r, 20), pick(r, 20), pick(1, 40), pick(1, 40), r);
    const plan::Task& task = plan.tasks[0];
    Tiling tiling = untiled(task);
    for (const int dim : {plan::M1, plan::M2, plan::N, plan::K2}) {
      const auto d = static_cast<std::size_t>(dim);
      tiling.tile[d] = pick(1, task.dims[d].extent);
      if (tileCount(task, tiling, dim) > 1) tiling.order.push_back(dim);
    }
    double before = 0;
    for (const std::int64_t channels : {1, 2, 4, 8}) {
      ChipConfig chip = testChip(4, 4, 1 << 16);
      chip.memories[0].channels = channels;
      const plan::StorageMap storages(chip);
      const Context context{chip, storages, plan, std::vector<std::int64_t>(3, 1 << 24)};
      Evaluator evaluator(context, task);
      const Mapping* mapping = evaluator.evaluate(tiling, true);
      ASSERT_NE(mapping, nullptr);
      const double cycles = evaluator.replay(*mapping);
      const std::string where =
          "seed " + std::to_string(kSeed) + " problem " + std::to_string(problem);
      EXPECT_GE(cycles, mapping->estimate.vector) << where;
      EXPECT_TRUE(before == 0 || cycles <= before * 1.001)
          << where << ": " << cycles << " after " << before;
      before = cycles;
    }
  }
}

}  // namespace
}  // namespace npusim::mapping
