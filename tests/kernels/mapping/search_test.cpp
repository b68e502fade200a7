#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "kernels/mapping/mapping.h"
#include "tests/kernels/test_chip.h"

namespace npusim::mapping {
namespace {

using plan::Axis;
using plan::Task;

Axis axis(std::int64_t extent, std::int64_t stride,
          std::initializer_list<std::pair<int, std::int64_t>> terms, std::int64_t offset = 0) {
  Axis made{extent, stride, std::vector<std::int64_t>(plan::kMatrixDims, 0), offset, 0, 0};
  for (const auto& [dim, c] : terms) made.coefficients[static_cast<std::size_t>(dim)] = c;
  return made;
}

/// A convolution [1, h, w, c] x [n, r, r, c] of stride 1 and no padding as a plan of one task.
plan::Plan convolution(std::int64_t h, std::int64_t w, std::int64_t c, std::int64_t n,
                       std::int64_t r) {
  using namespace plan;
  const std::int64_t oh = h - r + 1;
  const std::int64_t ow = w - r + 1;
  Plan plan;
  plan.precision = DataType::Int8;
  const auto block = [&](std::int64_t bytes, Block::Kind kind) {
    Block made;
    made.bytes = bytes;
    made.kind = kind;
    plan.blocks.push_back(made);
    return static_cast<BlockId>(plan.blocks.size() - 1);
  };
  Task task;
  task.dims = {{1}, {1}, {1}, {oh}, {ow}, {n}, {r}, {r}, {c}};
  Operand a{block(h * w * c, Block::Kind::Activation), 0, DataType::Int8, {}, {}};
  a.axes = {axis(h, w * c, {{M1, 1}, {K0, 1}}), axis(w, c, {{M2, 1}, {K1, 1}}),
            axis(c, 1, {{K2, 1}})};
  Operand b{block(r * r * c * n, Block::Kind::Weights), 0, DataType::Int8, {}, {}};
  b.axes = {axis(r, r * c * n, {{K0, 1}}), axis(r, c * n, {{K1, 1}}), axis(c, n, {{K2, 1}}),
            axis(n, 1, {{N, 1}})};
  task.operands = {a, b};
  task.output = {block(oh * ow * n, Block::Kind::Activation), 0, DataType::Int8, {}, {}};
  task.output.axes = {axis(oh, ow * n, {{M1, 1}}), axis(ow, n, {{M2, 1}}), axis(n, 1, {{N, 1}})};
  task.work = MatrixWork{};
  plan.tasks.push_back(task);
  plan.layers.emplace_back();
  return plan;
}

/// The cheapest of every tiling of rows, columns and reduction, both loop orders, with and without
/// double buffering: nothing left out.
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
        const double c = cost(context, mapping->estimate);
        if (best < 0 || c < best) best = c;
      }
    }
  };
  visit(0);
  return best;
}

TEST(Search, IsWithinFivePercentOfExhaustiveOn200Problems) {
  constexpr unsigned kSeed = 20221;
  std::mt19937 random(kSeed);
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  int refused = 0;
  for (int problem = 0; problem < 200; ++problem) {
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
  EXPECT_LT(refused, 200);
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
