#include "kernels/partition/split.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/end_to_end/random.h"

namespace npusim::partition {
namespace {

/// A task over rows and columns that reads what it writes.
plan::Task grid(std::int64_t rows, std::int64_t columns) {
  plan::Task task;
  task.dims = {{rows}, {columns}};
  plan::Operand operand;
  operand.block = 0;
  operand.axes = {{rows, columns * 4, {1, 0}, 0, 0, 0}, {columns, 4, {0, 1}, 0, 0, 0}};
  task.operands = {operand};
  task.output = operand;
  task.work = plan::VectorWork{};
  return task;
}

std::int64_t ceilDiv(std::int64_t x, std::int64_t y) { return (x + y - 1) / y; }

/// How often the cores together come to each position of a dimension.
std::map<std::int64_t, int> visits(const plan::Task& task, int dim, std::int64_t cores) {
  std::map<std::int64_t, int> count;
  const int dealt = plan::dealtFrom(task, dim);
  for (std::int64_t core = 0; core < cores; ++core) {
    const auto& digit = *task.dims[static_cast<std::size_t>(dealt)].digit;
    const std::int64_t part = task.dims[static_cast<std::size_t>(dim)].extent;
    for (std::int64_t i = 0; i < part; ++i) {
      const std::int64_t at = digit.of(core) * part + i;
      if (at < plan::wholeExtent(task, dim)) ++count[at];
    }
  }
  return count;
}

TEST(Split, EveryPositionGoesToAsManyCoresAsShareIt) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    end_to_end::Random random(seed);
    const std::int64_t rows = random.integer(2, 40), columns = random.integer(2, 40);
    plan::Task task = grid(rows, columns);
    const std::int64_t part = random.integer(1, rows - 1), other = random.integer(1, columns - 1);
    const std::vector<CoreCut> cuts = {{0, part, ceilDiv(rows, part)},
                                       {1, other, ceilDiv(columns, other)}};
    const std::int64_t cores = coresOf(cuts);
    split(task, cuts);
    for (const int dim : {0, 1}) {
      const auto found = visits(task, dim, cores);
      EXPECT_EQ(std::ssize(found), dim == 0 ? rows : columns);
      for (const auto& [position, times] : found) {
        EXPECT_EQ(times, cores / cuts[static_cast<std::size_t>(dim)].parts) << position;
      }
    }
    EXPECT_EQ(plan::endsEarly(task, 0), rows % part != 0);
    const plan::ByteRange range = plan::footprint(task, task.output);
    EXPECT_EQ(range.first, 0);
    EXPECT_EQ(range.last, rows * columns * 4);
  }
}

TEST(Split, TheLastCutsDigitChangesFastest) {
  plan::Task task = grid(8, 6);
  split(task, {{0, 2, 4}, {1, 2, 3}});
  EXPECT_EQ(plan::digitsOf(task), (std::vector<isa::CoreDigit>{{1, 3}, {3, 4}}));
  EXPECT_EQ(task.output.axes[0].coefficients, (std::vector<std::int64_t>{1, 0, 2, 0}));
  EXPECT_EQ(task.output.axes[1].coefficients, (std::vector<std::int64_t>{0, 1, 0, 2}));
}

TEST(Split, CoresThatDifferInWhatAnOperandDoesNotFollowShareIt) {
  plan::Task task = grid(8, 6);
  task.operands[0].axes.erase(task.operands[0].axes.begin());  // one row for all
  split(task, {{0, 2, 4}, {1, 2, 3}});
  EXPECT_EQ(plan::sharersOf(task, task.operands[0]), (isa::CoreDigit{3, 4}));
  EXPECT_EQ(plan::sharersOf(task, task.output).count, 1);
  task.operands[0].axes.clear();
  EXPECT_EQ(plan::sharersOf(task, task.operands[0]), (isa::CoreDigit{1, 12}));
}

TEST(Split, PartsMayBeLeftWithoutPositions) {
  plan::Task task = grid(5, 6);
  split(task, {{0, 2, 4}});
  EXPECT_TRUE(plan::leavesIdle(task, 0));
  EXPECT_TRUE(plan::endsEarly(task, 0));
  EXPECT_EQ(plan::footprint(task, task.output).last, 5 * 6 * 4);
}

}  // namespace
}  // namespace npusim::partition
