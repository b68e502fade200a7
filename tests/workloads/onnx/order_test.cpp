#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/end_to_end/random.h"
#include "tests/workloads/onnx/one_operator.h"

/// ArgMax, ArgMin, TopK, Hardmax, CumSum and MaxPool's indices against direct loops over lines.
namespace npusim::testing_onnx {
namespace {

using end_to_end::Random;
using ::testing::HasSubstr;

using Line = std::vector<double>;

/// Few different values, so that there are ties.
Tensor tied(Random& random, const Shape& shape) {
  const DataType type = random.once(2) ? DataType::Float32 : DataType::UInt8;
  return filled(type, shape, [&] { return static_cast<double>(random.integer(0, 4)); });
}

Shape randomShape(Random& random) {
  return {random.integer(1, 4), random.integer(1, 5), random.integer(1, 4)};
}

/// The elements of a tensor along `axis` where its other indices are those of `at`.
Line lineOf(const Tensor& x, Shape at, std::size_t axis) {
  Line line;
  for (at[axis] = 0; at[axis] < x.shape()[axis]; ++at[axis]) {
    line.push_back(x.at(numberOf(at, x.shape())));
  }
  return line;
}

/// Checks each line of `actual` along `axis` against what `make` says of the line of x.
template <typename Make>
void expectLines(const Tensor& x, const Tensor& actual, std::size_t axis, const Make& make) {
  Shape each = x.shape();
  each[axis] = 1;
  forEachIndex(each, [&](const Shape& at) {
    ASSERT_EQ(lineOf(actual, at, axis), make(lineOf(x, at, axis))) << toString(at);
  });
}

/// Indices of a line from the most to the least preferred; the first of equals before the others.
std::vector<std::size_t> ranked(const Line& line, bool largest) {
  std::vector<std::size_t> order(line.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return largest ? line[a] > line[b] : line[a] < line[b];
  });
  return order;
}

TEST(Order, ArgMaxAndArgMinFindTheFirstOrLast) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Tensor x = tied(random, randomShape(random));
    const auto axis = static_cast<std::size_t>(random.integer(0, 2));
    const bool largest = random.once(2), last = random.once(2);
    const Tensor y = OneOperator(largest ? "ArgMax" : "ArgMin")
                         .operand(x)
                         .attribute("axis", static_cast<std::int64_t>(axis) - 3)
                         .attribute("select_last_index", last ? 1 : 0)
                         .run()
                         .at(0);
    ASSERT_EQ(y.type(), DataType::Int64);
    expectLines(x, y, axis, [&](const Line& line) {
      const double wanted = line[ranked(line, largest)[0]];
      const auto first = std::find(line.begin(), line.end(), wanted) - line.begin();
      const auto back = line.rend() - std::find(line.rbegin(), line.rend(), wanted) - 1;
      return Line{static_cast<double>(last ? back : first)};
    });
  }
}

TEST(Order, TopKIsSortedWithTheFirstOfEqualsFirst) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Tensor x = tied(random, randomShape(random));
    const auto axis = static_cast<std::size_t>(random.integer(0, 2));
    const auto k = static_cast<std::size_t>(random.integer(1, x.shape()[axis]));
    const bool largest = random.once(2);
    const std::vector<Tensor> made = OneOperator("TopK")
                                         .operand(x, random.once(2))
                                         .constant(int64Tensor({static_cast<std::int64_t>(k)}))
                                         .attribute("axis", static_cast<std::int64_t>(axis))
                                         .attribute("largest", largest ? 1 : 0)
                                         .run(2);
    ASSERT_EQ(made[0].type(), x.type());
    expectLines(x, made[0], axis, [&](const Line& line) {
      Line values;
      for (std::size_t i = 0; i < k; ++i) values.push_back(line[ranked(line, largest)[i]]);
      return values;
    });
    expectLines(x, made[1], axis, [&](const Line& line) {
      const std::vector<std::size_t> order = ranked(line, largest);
      return Line(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k));
    });
  }
}

TEST(Order, TopKOfMoreThanThereAreIsRefused) {
  OneOperator op("TopK");
  op.operand(floats({2, 3})).constant(int64Tensor({4}));
  EXPECT_THAT(importError(op.model(2)), HasSubstr("(TopK): K is 4, expected 1 to 3"));
}

TEST(Order, HardmaxMarksTheFirstGreatest) {
  Random random(1);
  const Tensor x =
      filled(DataType::Float32, {4, 6}, [&] { return static_cast<double>(random.integer(0, 3)); });
  const Tensor y = OneOperator("Hardmax", 13).operand(x).run().at(0);
  expectLines(x, y, 1, [](const Line& line) {
    Line marks(line.size(), 0);
    marks[ranked(line, true)[0]] = 1;
    return marks;
  });
}

TEST(Order, CumSumInAllForms) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Tensor x = tied(random, randomShape(random));
    const std::int64_t axis = random.integer(0, 2);
    const bool exclusive = random.once(2), reverse = random.once(2);
    const Tensor y = OneOperator("CumSum")
                         .operand(x)
                         .constant(int64Tensor({axis}).reshaped({}))
                         .attribute("exclusive", exclusive ? 1 : 0)
                         .attribute("reverse", reverse ? 1 : 0)
                         .run()
                         .at(0);
    expectLines(x, y, static_cast<std::size_t>(axis), [&](Line line) {
      if (reverse) std::reverse(line.begin(), line.end());
      Line sums(line.size());
      std::partial_sum(line.begin(), line.end(), sums.begin());
      for (std::size_t i = 0; exclusive && i < line.size(); ++i) sums[i] -= line[i];
      if (reverse) std::reverse(sums.begin(), sums.end());
      return sums;
    });
  }
}

TEST(Order, MaxPoolIndicesPointAtTheMaxima) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const auto rank = static_cast<std::size_t>(random.integer(1, 3));
    Shape shape = {2, 2}, kernel, strides, pads(2 * rank);
    for (std::size_t d = 0; d < rank; ++d) {
      kernel.push_back(random.integer(1, 3));
      shape.push_back(kernel[d] + random.integer(0, 3));
      strides.push_back(random.integer(1, 2));
      pads[d] = random.integer(0, kernel[d] - 1);
    }
    const Tensor x = random.floats(shape, 2);
    OneOperator op("MaxPool", 12);
    op.operand(x).attribute("kernel_shape", kernel).attribute("strides", strides);
    const std::vector<Tensor> made = op.attribute("pads", pads).run(2);
    for (std::int64_t i = 0; i < made[0].size(); ++i) {
      const auto index = static_cast<std::int64_t>(made[1].at(i));
      ASSERT_TRUE(index >= 0 && index < x.size());
      ASSERT_EQ(x.at(index), made[0].at(i)) << i;
    }
  }
}

}  // namespace
}  // namespace npusim::testing_onnx
