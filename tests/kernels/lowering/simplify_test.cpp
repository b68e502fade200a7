#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "kernels/lowering/lowering.h"
#include "tests/end_to_end/random.h"

namespace npusim::lowering {
namespace {

using end_to_end::Random;
using plan::Axis;
using plan::Operand;
using plan::Task;

std::int64_t positions(const Task& task) {
  std::int64_t count = 1;
  for (const plan::Dimension& dim : task.dims) count *= dim.extent;
  return count;
}

std::int64_t address(const Operand& operand, const std::vector<std::int64_t>& position) {
  std::int64_t at = operand.offset;
  for (const Axis& axis : operand.axes) {
    std::int64_t c = axis.offset;
    for (std::size_t d = 0; d < position.size(); ++d) c += axis.coefficients[d] * position[d];
    at += c * axis.stride;
  }
  return at;
}

/// What every position touches: the addresses of all operands together. The order of positions is
/// free, so they are sorted.
std::vector<std::vector<std::int64_t>> touched(const Task& task) {
  std::vector<std::vector<std::int64_t>> result;
  std::vector<std::int64_t> position(task.dims.size(), 0);
  for (std::int64_t i = 0; i < positions(task); ++i) {
    std::vector<std::int64_t> addresses;
    for (const Operand& operand : task.operands) addresses.push_back(address(operand, position));
    addresses.push_back(address(task.output, position));
    result.push_back(addresses);
    for (std::size_t d = position.size(); d-- > 0;) {
      if (++position[d] < task.dims[d].extent) break;
      position[d] = 0;
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// An operand over dense dimensions in the given order, without those that it is broadcast over.
Operand dense(const Task& task, std::vector<int> order, const std::vector<bool>& broadcast) {
  Operand operand;
  std::int64_t stride = 4;
  std::reverse(order.begin(), order.end());
  for (const int d : order) {
    const auto at = static_cast<std::size_t>(d);
    if (broadcast[at]) continue;
    Axis axis{
        task.dims[at].extent, stride, std::vector<std::int64_t>(task.dims.size(), 0), 0, 0, 0};
    axis.coefficients[at] = 1;
    stride *= axis.extent;
    operand.axes.insert(operand.axes.begin(), axis);
  }
  return operand;
}

Operand randomOperand(Random& random, const Task& task) {
  std::vector<int> order(task.dims.size());
  std::iota(order.begin(), order.end(), 0);
  if (random.once(4)) std::swap(order[0], order[1]);
  std::vector<bool> broadcast;
  for (std::size_t d = 0; d < task.dims.size(); ++d) broadcast.push_back(random.once(4));
  Operand operand = dense(task, order, broadcast);
  if (!operand.axes.empty() && random.once(4)) operand.axes.front().stride += 8;  // a gap
  if (!operand.axes.empty() && random.once(4)) {                                  // a window
    Axis& axis = operand.axes.back();
    axis.coefficients[0] += 1;
    axis.extent += task.dims[0].extent - 1;
  }
  return operand;
}

TEST(Simplify, KeepsWhatEveryPositionTouches) {
  int merged = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Task task;
    for (int d = 0; d < 4; ++d) task.dims.push_back({random.among<std::int64_t>({1, 2, 3, 4})});
    task.operands = {randomOperand(random, task), randomOperand(random, task)};
    task.output = dense(task, {0, 1, 2, 3}, std::vector<bool>(4, false));
    const Task before = task;
    simplify(task, {{2, 3}, {1, 3}, {0, 3}, {1, 2}, {0, 2}, {0, 1}});
    EXPECT_EQ(positions(task), positions(before));
    ASSERT_EQ(touched(task), touched(before));
    const auto walked = [](const Task& t) {
      return std::count_if(t.dims.begin(), t.dims.end(),
                           [](const auto& d) { return d.extent > 1; });
    };
    if (walked(task) < walked(before)) ++merged;
  }
  EXPECT_GT(merged, 40);
}

TEST(Simplify, MergesWhatAllWalkAsOne) {
  Task task;
  task.dims = {{2}, {3}, {4}};
  task.operands = {dense(task, {0, 1, 2}, {false, false, false})};
  task.output = task.operands.front();
  simplify(task, {{1, 2}, {0, 2}});
  EXPECT_EQ(task.dims[0].extent, 1);
  EXPECT_EQ(task.dims[1].extent, 1);
  EXPECT_EQ(task.dims[2].extent, 24);
  EXPECT_EQ(task.output.axes.size(), 1U);
}

TEST(Simplify, LeavesWhatOneOperandIsBroadcastOver) {
  Task task;
  task.dims = {{2}, {3}};
  task.operands = {dense(task, {0, 1}, {true, false})};
  task.output = dense(task, {0, 1}, {false, false});
  simplify(task, {{0, 1}});
  EXPECT_EQ(task.dims[0].extent, 2);
  EXPECT_EQ(task.dims[1].extent, 3);
}

TEST(Simplify, LeavesWhatAPadMustSee) {
  Task task;
  task.dims = {{2}, {3}};
  task.operands = {dense(task, {0, 1}, {false, false})};
  task.operands.front().axes.back().offset = -1;
  task.output = dense(task, {0, 1}, {false, false});
  simplify(task, {{0, 1}});
  EXPECT_EQ(task.dims[1].extent, 3);
}

TEST(Simplify, SinglePositionsMoveNothing) {
  Task task;
  task.dims = {{1}, {3}};
  task.output = dense(task, {0, 1}, {false, false});
  simplify(task, {});
  for (const Axis& axis : task.output.axes) EXPECT_EQ(axis.coefficients[0], 0);
}

}  // namespace
}  // namespace npusim::lowering
