#include "kernels/partition/spread.h"

#include <gtest/gtest.h>

#include "kernels/partition/split.h"
#include "tests/end_to_end/random.h"

namespace npusim::partition {
namespace {

/// Images x rows x channels of one byte, dense.
plan::Task cube(std::int64_t images, std::int64_t rows, std::int64_t channels) {
  plan::Task task;
  task.dims = {{images}, {rows}, {channels}};
  task.output.block = 0;
  task.output.type = DataType::Int8;
  task.output.axes = {{images, rows * channels, {1, 0, 0}, 0, 0, 0},
                      {rows, channels, {0, 1, 0}, 0, 0, 0},
                      {channels, 1, {0, 0, 1}, 0, 0, 0}};
  return task;
}

/// Who makes a byte of the cube.
std::int64_t makerOf(const plan::Task& task, const std::array<std::int64_t, 3>& position) {
  std::int64_t core = 0;
  for (const plan::Dimension& dim : task.dims) {
    if (!dim.digit) continue;
    const auto of = static_cast<std::size_t>(dim.of);
    core += position[of] / task.dims[of].extent * dim.digit->divisor;
  }
  return core;
}

TEST(Spread, WhatACoreMakesOfEqualPartsIsAtHome) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    end_to_end::Random random(seed);
    const std::array<std::int64_t, 3> parts = {random.integer(1, 3), random.integer(1, 4),
                                               random.integer(1, 4)};
    const std::array<std::int64_t, 3> part = {random.integer(1, 2), random.integer(1, 3),
                                              random.integer(2, 5)};
    plan::Task task = cube(parts[0] * part[0], parts[1] * part[1], parts[2] * part[2]);
    std::vector<CoreCut> cuts;
    for (int d = 0; d < 3; ++d) {
      const auto at = static_cast<std::size_t>(d);
      cuts.push_back({d, part[at], parts[at]});
    }
    split(task, cuts);
    const std::int64_t images = parts[0] * part[0], rows = parts[1] * part[1],
                       channels = parts[2] * part[2], bytes = images * rows * channels;
    if (coresOf(cuts) == 1) continue;
    const isa::Distribution spread = spreadFor(task, task.output, bytes, coresOf(cuts), 1);
    EXPECT_EQ(spread.shareOf(bytes), bytes / coresOf(cuts));
    for (std::int64_t byte = 0; byte < bytes; ++byte) {
      const std::array<std::int64_t, 3> position = {byte / (rows * channels),
                                                    byte / channels % rows, byte % channels};
      ASSERT_EQ(spread.at(byte).core, makerOf(task, position)) << "byte " << byte;
    }
  }
}

TEST(Spread, SmallChunksAreNotWorthIt) {
  plan::Task task = cube(1, 4, 8);
  split(task, {{1, 2, 2}, {2, 4, 2}});
  const isa::Distribution spread = spreadFor(task, task.output, 32, 4, 8);
  EXPECT_EQ(spread.levels, (std::vector<isa::Deal>{{8, 2, 1}, {16, 2, 2}}));
}

/// Cores that read the same bytes share the room for them.
TEST(Spread, WhatSeveralCoresNeedLiesInAllOfThem) {
  plan::Task task = cube(1, 4, 64);
  plan::Operand weights = task.output;  // follows the rows alone
  split(task, {{2, 22, 3}, {1, 2, 2}});
  weights.axes = task.output.axes;
  for (plan::Axis& axis : weights.axes) axis.coefficients[3] = axis.coefficients[2] = 0;
  const isa::Distribution spread = spreadFor(task, weights, 256, 6, 1);
  EXPECT_EQ(spread.levels, (std::vector<isa::Deal>{{64, 2, 2}, {128, 2, 1}}));
  EXPECT_EQ(spread.shareOf(256), 64);
}

TEST(Spread, EvenlyGivesEachCoreOneRun) {
  const isa::Distribution spread = evenly(1000, 4);
  EXPECT_EQ(spread.levels, (std::vector<isa::Deal>{{256, 4, 1}}));
  EXPECT_EQ(spread.shareOf(1000), 256);
  EXPECT_TRUE(evenly(64, 4).levels.empty());  // one core is enough
}

}  // namespace
}  // namespace npusim::partition
