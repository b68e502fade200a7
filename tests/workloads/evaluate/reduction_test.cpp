#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/workloads/evaluate/support.h"

namespace npusim {
namespace {

using testing::ElementsAre;
using testing_support::floats;
using testing_support::OneNode;
using testing_support::Random;
using testing_support::tensorOf;
using testing_support::values;

class PoolSeeds : public testing::TestWithParam<unsigned> {};

TEST_P(PoolSeeds, MatchesADirectLoop) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Random random(GetParam());
  Pool op;
  op.kind = random.coin() ? ReduceOp::Max : ReduceOp::Mean;
  op.countPadding = random.coin();
  Shape x = {random.integer(1, 2), random.integer(1, 3)};
  for (std::size_t d = 0; d < 2; ++d) {
    op.kernel.push_back(random.integer(1, 3));
    op.strides.push_back(random.integer(1, 3));
    op.dilations.push_back(random.integer(1, 2));
    op.padsBegin.push_back(random.integer(0, op.kernel[d] - 1));
    op.padsEnd.push_back(random.integer(0, op.kernel[d] - 1));
    const std::int64_t reach = op.dilations[d] * (op.kernel[d] - 1) + 1;
    x.push_back(reach + random.integer(0, 6));
    const std::int64_t room = x[d + 2] + op.padsBegin[d] + op.padsEnd[d] - reach;
    op.outputSpatial.push_back(room / op.strides[d] + 1);  // a last, clipped window may follow
    if (random.coin() && op.outputSpatial[d] * op.strides[d] < x[d + 2] + op.padsBegin[d]) {
      ++op.outputSpatial[d];
    }
  }
  const Tensor in = random.tensor(DataType::Float32, x);
  const Tensor out = OneNode().input(in).evaluate(op);
  const std::int64_t rows = op.outputSpatial[0], columns = op.outputSpatial[1];
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const std::int64_t plane = i / (rows * columns), row = i / columns % rows, column = i % columns;
    double most = -INFINITY, sum = 0;
    int taken = 0, padded = 0;
    for (std::int64_t r = 0; r < op.kernel[0]; ++r) {
      for (std::int64_t s = 0; s < op.kernel[1]; ++s) {
        const std::int64_t h = row * op.strides[0] + r * op.dilations[0] - op.padsBegin[0];
        const std::int64_t w = column * op.strides[1] + s * op.dilations[1] - op.padsBegin[1];
        if (h < x[2] + op.padsEnd[0] && w < x[3] + op.padsEnd[1]) ++padded;
        if (h < 0 || w < 0 || h >= x[2] || w >= x[3]) continue;
        const double value = in.at((plane * x[2] + h) * x[3] + w);
        most = std::max(most, value);
        sum += value;
        ++taken;
      }
    }
    const double mean = taken == 0 ? 0 : sum / (op.countPadding ? padded : taken);
    const double expected = op.kind == ReduceOp::Mean ? mean : taken == 0 ? 0 : most;
    ASSERT_NEAR(out.at(i), expected, 1e-6) << "element " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Random, PoolSeeds, testing::Range(0u, 60u));

TEST(Pool, OneDimension) {
  Pool op{ReduceOp::Max, {2}, {2}, {1}, {0}, {0}, {2}, false};
  const Tensor x = floats({1, 1, 4}, {1, -2, 3, 9});
  EXPECT_THAT(values<float>(OneNode().input(x).evaluate(op)), ElementsAre(1, 9));
}

TEST(Pool, NegativeMaximumIgnoresPadding) {
  Pool op{ReduceOp::Max, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, false};
  const Tensor x = floats({1, 1, 1, 1}, {-5});
  EXPECT_THAT(values<float>(OneNode().input(x).evaluate(op)), ElementsAre(-5));
}

TEST(Pool, QuantisedMeanRoundsOnce) {
  Pool op{ReduceOp::Mean, {2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, false};
  const Quantization q{{0.1f}, -10, 0};
  const Tensor x = tensorOf<std::int8_t>(DataType::Int8, {1, 1, 2, 2}, {1, 2, 3, 5});
  const Tensor y = OneNode().input(x, q).output(DataType::Int8, q).evaluate(op);
  EXPECT_EQ(y.at(0), 3) << "2.75 rounds to 3";
}

TEST(Reduce, EachKindOverSomeAxes) {
  const Tensor x = floats({2, 2, 2}, {1, 2, 3, 4, -5, 6, 7, -8});
  const auto apply = [&](ReduceOp kind, std::vector<int> axes, bool keep) {
    return OneNode().input(x).evaluate(Reduce{kind, std::move(axes), keep});
  };
  EXPECT_THAT(values<float>(apply(ReduceOp::Sum, {0, 2}, true)), ElementsAre(4, 6));
  EXPECT_EQ(apply(ReduceOp::Sum, {0, 2}, true).shape(), (Shape{1, 2, 1}));
  EXPECT_EQ(apply(ReduceOp::Sum, {0, 2}, false).shape(), (Shape{2}));
  EXPECT_THAT(values<float>(apply(ReduceOp::Mean, {1}, true)), ElementsAre(2, 3, 1, -1));
  EXPECT_THAT(values<float>(apply(ReduceOp::Max, {0, 1, 2}, false)), ElementsAre(7));
  EXPECT_THAT(values<float>(apply(ReduceOp::Min, {2}, false)), ElementsAre(1, 3, -5, -8));
}

TEST(Reduce, IntegerMeanTruncates) {
  const Tensor y =
      OneNode().input(int64Tensor({-3, -4})).evaluate(Reduce{ReduceOp::Mean, {0}, false});
  EXPECT_THAT(values<std::int64_t>(y), ElementsAre(-3));
}

TEST(Softmax, SumsToOneAndSurvivesLargeValues) {
  Random random(4);
  Tensor x = random.tensor(DataType::Float32, {2, 5, 3});
  x.set(0, 1000);
  for (const int axis : {0, 1, 2}) {
    const Tensor y = OneNode().input(x).evaluate(Softmax{axis});
    const Tensor sums = OneNode().input(y).evaluate(Reduce{ReduceOp::Sum, {axis}, false});
    for (std::int64_t i = 0; i < sums.size(); ++i) EXPECT_NEAR(sums.at(i), 1, 1e-6);
  }
  const Tensor y = OneNode().input(floats({1, 3}, {1, 2, 4})).evaluate(Softmax{1});
  const double total = std::exp(1) + std::exp(2) + std::exp(4);
  EXPECT_NEAR(y.at(1), std::exp(2) / total, 1e-7);
}

TEST(LocalResponseNorm, MatchesTheFormula) {
  Random random(8);
  const Tensor x = random.tensor(DataType::Float32, {2, 7, 3});
  for (const std::int64_t size : {1, 4, 5}) {
    const LocalResponseNorm op{size, 0.5f, 0.75f, 2.0f};
    const Tensor y = OneNode().input(x).evaluate(op);
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const std::int64_t c = i / 3 % 7;
      double squares = 0;
      for (std::int64_t n = 0; n < 7; ++n) {
        const bool near = n >= c - (size - 1) / 2 && n <= c + size / 2;
        if (near) squares += std::pow(x.at(i + (n - c) * 3), 2);
      }
      const double scale = std::pow(2 + 0.5 / static_cast<double>(size) * squares, 0.75);
      EXPECT_NEAR(y.at(i), x.at(i) / scale, 1e-6);
    }
  }
}

TEST(LayerNorm, MatchesADirectLoop) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = {random.integer(1, 3), random.integer(1, 4), random.integer(2, 5)};
    const LayerNorm op{static_cast<int>(random.integer(0, 2)), 0.01f, random.coin()};
    const Tensor in = random.tensor(DataType::Float32, shape);
    const Tensor out = OneNode().input(in).evaluate(op);
    const std::int64_t length = elementCount(Shape(shape.begin() + op.axis, shape.end()));
    for (std::int64_t i = 0; i < in.size(); ++i) {
      const std::int64_t first = i / length * length;
      double sum = 0, squares = 0;
      for (std::int64_t j = first; j < first + length; ++j) sum += in.at(j);
      const double mean = op.centered ? sum / static_cast<double>(length) : 0;
      for (std::int64_t j = first; j < first + length; ++j) {
        squares += (in.at(j) - mean) * (in.at(j) - mean);
      }
      const double deviation = std::sqrt(squares / static_cast<double>(length) + 0.01);
      ASSERT_NEAR(out.at(i), (in.at(i) - mean) / deviation, 1e-5) << i;
    }
  }
}

}  // namespace
}  // namespace npusim
