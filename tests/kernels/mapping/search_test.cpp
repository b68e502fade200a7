#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "kernels/mapping/mapping.h"
#include "tests/kernels/mapping/convolution_plan.h"
#include "tests/kernels/test_chip.h"

namespace npusim::mapping {
namespace {

using plan::Task;

/// The cheapest of every tiling of rows, columns and reduction, both loop orders, with and without
/// double buffering, each of them played: nothing left out.
double exhaustive(const Context& context, const Task& task) {
  using namespace plan;
  double best = -1;
  Evaluator evaluator(context, task);
  Tiling tiling;
  for (const Dimension& dim : task.dims) tiling.tile.push_back(dim.extent);
  const std::vector<int> tiled = {M1, M2, N, K0, K1, K2};
  const std::vector<std::vector<int>> orders = {{M1, M2, N, K0, K1, K2}, {N, M1, M2, K0, K1, K2}};
  const std::function<void(std::size_t)> visit = [&](std::size_t d) {
    if (d < tiled.size()) {
      const auto dim = static_cast<std::size_t>(tiled[d]);
      for (std::int64_t size = 1; size <= task.dims[dim].extent; ++size) {
        tiling.tile[dim] = size;
        visit(d + 1);
      }
      return;
    }
    for (const std::vector<int>& order : orders) {
      tiling.order.clear();
      for (const int dim : order) {
        if (tileCount(task, tiling, dim) > 1) tiling.order.push_back(dim);
      }
      for (const bool doubled : {true, false}) {
        const Mapping* mapping = evaluator.evaluate(tiling, doubled);
        if (mapping == nullptr) continue;
        Estimate estimate = mapping->estimate;
        estimate.cycles = evaluator.replay(*mapping);
        const double c = cost(context, estimate);
        if (best < 0 || c < best) best = c;
      }
    }
  };
  visit(0);
  return best;
}

TEST(Search, IsWithinFivePercentOfExhaustive) {
  constexpr unsigned kSeed = 20221;
  constexpr int kProblems = 30;
  std::mt19937 random(kSeed);
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  int refused = 0;
  for (int problem = 0; problem < kProblems; ++problem) {
    const std::int64_t r = pick(1, 3);
    const plan::Plan plan = convolution(pick(r, 6), pick(r, 6), pick(1, 9), pick(1, 12), r);
    const ChipConfig chip = testChip(1 << pick(1, 2), 1 << pick(1, 2), pick(96, 1500));
    const plan::StorageMap storages(chip);
    std::vector<std::int64_t> free;
    for (const isa::Storage& storage : storages.storages) free.push_back(storage.capacityBytes);
    for (const Objective objective : {Objective::Latency, Objective::Edp}) {
      const Context context{chip, storages, plan, free, objective};
      const double best = exhaustive(context, plan.tasks[0]);
      const auto found = search(context, plan.tasks[0]);
      ASSERT_EQ(found.has_value(), best >= 0) << "seed " << kSeed << " problem " << problem;
      if (!found) {
        ++refused;
        continue;
      }
      EXPECT_LE(cost(context, found->estimate), 1.05 * best)
          << "seed " << kSeed << " problem " << problem << " objective "
          << static_cast<int>(objective);
    }
  }
  EXPECT_LT(refused, kProblems);
}

/// A product whose inputs lie in an on-chip memory takes that memory's bandwidth and latency; rows,
/// channels and timing of a DRAM play no part.
TEST(Evaluate, KnowsMemoriesThatAreNoDram) {
  const plan::Plan plan = convolution(1, 64, 64, 64, 1);
  ChipConfig chip = testChip(4, 4, 1 << 20);
  chip.memories[0].kind = MemoryKind::Sram;
  chip.memories[0].bandwidthGbPerS = 4;
  const auto cycles = [&] {
    const plan::StorageMap storages(chip);
    const Context context{chip, storages, plan, std::vector<std::int64_t>(3, 1 << 20)};
    return Evaluator(context, plan.tasks[0]).evaluate(untiled(plan.tasks[0]), false)->estimate;
  };
  const Estimate slow = cycles();
  EXPECT_DOUBLE_EQ(slow.memory, slow.dramBytes / 4);
  chip.memories[0].channels = 8;
  chip.memories[0].timing.RC = 1000;
  EXPECT_DOUBLE_EQ(cycles().cycles, slow.cycles);
  chip.memories[0].latencyNs = 100;
  EXPECT_DOUBLE_EQ(cycles().cycles, slow.cycles + 3 * 100);
  chip.memories[0].bandwidthGbPerS = 8;
  EXPECT_DOUBLE_EQ(cycles().memory, slow.memory / 2);
}

TEST(Splits, AreTheDistinctTileSizes) {
  EXPECT_EQ(splits(1), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(splits(7), (std::vector<std::int64_t>{7, 4, 3, 2, 1}));
  EXPECT_EQ(splits(10), (std::vector<std::int64_t>{10, 5, 4, 3, 2, 1}));
}

TEST(Evaluate, RefusesWhatDoesNotFit) {
  const plan::Plan plan = convolution(6, 6, 8, 8, 3);
  const ChipConfig chip = testChip(4, 4, 256);
  const plan::StorageMap storages(chip);
  Tiling whole;
  for (const plan::Dimension& dim : plan.tasks[0].dims) whole.tile.push_back(dim.extent);
  const std::vector<std::int64_t> large(3, 1 << 20);
  const std::vector<std::int64_t> small(3, 256);
  const Context roomy{chip, storages, plan, large};
  const Context tight{chip, storages, plan, small};
  EXPECT_NE(Evaluator(roomy, plan.tasks[0]).evaluate(whole, true), nullptr);
  EXPECT_EQ(Evaluator(tight, plan.tasks[0]).evaluate(whole, true), nullptr);
}

}  // namespace
}  // namespace npusim::mapping
