#include <gtest/gtest.h>

#include <cmath>

#include "tests/workloads/evaluate/support.h"

namespace npusim {
namespace {

using testing_support::floats;
using testing_support::OneNode;
using testing_support::Random;
using testing_support::values;

class MatMulSeeds : public testing::TestWithParam<unsigned> {};

TEST_P(MatMulSeeds, BatchesBroadcastAndSumsAreFusedChains) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Random random(GetParam());
  const std::int64_t m = random.integer(1, 9), n = random.integer(1, 70), k = random.integer(1, 20);
  const std::int64_t outer = random.integer(1, 3), inner = random.integer(1, 3);
  const bool transposed = random.coin(), biased = random.coin();
  const std::int64_t outerA = random.coin() ? outer : 1, innerB = random.coin() ? inner : 1;
  const Shape shapeB = transposed ? Shape{outer, innerB, n, k} : Shape{outer, innerB, k, n};
  const Tensor a = random.tensor(DataType::Float32, {outerA, inner, m, k});
  const Tensor b = random.tensor(DataType::Float32, shapeB);
  const Tensor bias = random.tensor(DataType::Float32, {n});
  OneNode node;
  node.input(a).input(b);
  if (biased) node.input(bias);
  const Tensor y = node.evaluate(MatMul{transposed});
  ASSERT_EQ(y.shape(), (Shape{outer, inner, m, n}));
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const std::int64_t column = i % n, row = i / n % m, in = i / n / m % inner,
                       out = i / n / m / inner;
    const std::int64_t startA = ((outerA == 1 ? 0 : out) * inner + in) * m * k + row * k;
    const std::int64_t startB = (out * innerB + (innerB == 1 ? 0 : in)) * k * n;
    float sum = biased ? static_cast<float>(bias.at(column)) : 0.0f;
    for (std::int64_t j = 0; j < k; ++j) {
      const std::int64_t atB = startB + (transposed ? column * k + j : j * n + column);
      sum = std::fma(static_cast<float>(a.at(startA + j)), static_cast<float>(b.at(atB)), sum);
    }
    ASSERT_EQ(static_cast<float>(y.at(i)), sum) << "element " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Random, MatMulSeeds, testing::Range(0u, 60u));

TEST(MatMul, VectorsLoseTheirDimension) {
  const Tensor v = floats({3}, {1, 2, 3}), a = floats({2, 3}, {1, 0, 0, 0, 1, 1});
  const Tensor b = floats({3, 2}, {1, 0, 0, 1, 0, 1});
  const Tensor dot = OneNode().input(v).input(v).evaluate(MatMul{});
  EXPECT_EQ(dot.shape(), Shape{});
  EXPECT_EQ(dot.at(0), 14);
  const Tensor right = OneNode().input(a).input(v).evaluate(MatMul{});
  EXPECT_EQ(right.shape(), Shape{2});
  EXPECT_EQ(values<float>(right), (std::vector<float>{1, 5}));
  const Tensor left = OneNode().input(v).input(b).evaluate(MatMul{});
  EXPECT_EQ(values<float>(left), (std::vector<float>{1, 5}));
}

TEST(MatMul, QuantisedTakesBothZeroPointsAndChannelScales) {
  Random random(17);
  const Tensor a = random.tensor(DataType::Int8, {5, 33}, -128, 127);
  const Tensor b = random.tensor(DataType::UInt8, {33, 2}, 0, 255);
  const Quantization qa{{0.05f}, -3, 0}, qb{{0.01f, 0.002f}, 128, 1}, qy{{0.3f}, 5, 0};
  const Tensor y = OneNode()
                       .input(a, qa)
                       .input(b, qb)
                       .step({.op = ElementOp::Relu})
                       .output(DataType::Int8, qy)
                       .evaluate(MatMul{});
  for (std::int64_t i = 0; i < y.size(); ++i) {
    double sum = 0;
    for (std::int64_t j = 0; j < 33; ++j) {
      sum += (a.at(i / 2 * 33 + j) + 3) * (b.at(j * 2 + i % 2) - 128);
    }
    const float scale = qa.scales[0] * qb.scales[static_cast<std::size_t>(i % 2)];
    const float real = std::max(0.0f, static_cast<float>(sum) * scale);
    const double level = std::nearbyint(static_cast<double>(real / 0.3f)) + 5;
    EXPECT_EQ(y.at(i), std::min(127.0, level)) << "element " << i;
  }
}

TEST(MatMul, PlainIntegersAreExact) {
  Tensor a(DataType::Int64, {1, 2}), b(DataType::Int64, {2, 1});
  a.as<std::int64_t>()[0] = a.as<std::int64_t>()[1] = std::int64_t{1} << 40;
  b.as<std::int64_t>()[0] = 3;
  b.as<std::int64_t>()[1] = -1;
  const Tensor y = OneNode().input(a).input(b).evaluate(MatMul{});
  EXPECT_EQ(values<std::int64_t>(y), std::vector<std::int64_t>{std::int64_t{1} << 41});
}

}  // namespace
}  // namespace npusim
