#include <gtest/gtest.h>

#include <cmath>

#include "tests/workloads/evaluate/support.h"

namespace npusim {
namespace {

using testing_support::OneNode;
using testing_support::Random;
using testing_support::values;

/// A random problem that fits: its window never exceeds the padded input.
struct Problem {
  Convolution op;
  Shape x, w;
  bool bias = false;

  Problem(Random& random, int dimensions) {
    op.groups = random.integer(1, 3);
    const std::int64_t inputs = random.coin() ? 1 : random.integer(1, 4);
    const std::int64_t outputs = random.coin() ? 1 : random.integer(1, 40);
    x = {random.integer(1, 2), op.groups * inputs};
    w = {op.groups * outputs, inputs};
    bias = random.coin();
    for (int d = 0; d < dimensions; ++d) addDimension(random);
  }

  void addDimension(Random& random) {
    const std::int64_t kernel = random.integer(1, 3), dilation = random.integer(1, 2);
    const std::int64_t begin = random.integer(0, 2), end = random.integer(0, 2);
    const std::int64_t reach = dilation * (kernel - 1) + 1;
    w.push_back(kernel);
    x.push_back(std::max<std::int64_t>(1, reach - begin - end) + random.integer(0, 7));
    op.strides.push_back(random.integer(1, 3));
    op.dilations.push_back(dilation);
    op.padsBegin.push_back(begin);
    op.padsEnd.push_back(end);
  }

  Shape biasShape() const { return {w[0]}; }

  /// The problem with leading dimensions of size 1, so that one naive loop serves all ranks.
  Problem raised() const {
    Problem three = *this;
    while (three.x.size() < 5) {
      three.x.insert(three.x.begin() + 2, 1);
      three.w.insert(three.w.begin() + 2, 1);
      three.op.strides.insert(three.op.strides.begin(), 1);
      three.op.dilations.insert(three.op.dilations.begin(), 1);
      three.op.padsBegin.insert(three.op.padsBegin.begin(), 0);
      three.op.padsEnd.insert(three.op.padsEnd.begin(), 0);
    }
    return three;
  }
};

std::int64_t flat(const Shape& shape, const Shape& index) {
  std::int64_t at = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) at = at * shape[d] + index[d];
  return at;
}

/// Visits (window, input channel) of output element `y` = {n, m, o0, o1, o2} in ascending order
/// with the flat indices of input (-1 in the padding) and weight.
template <typename Visit>
void forEachTerm(const Problem& p, const Shape& y, Visit visit) {
  const std::int64_t group = y[1] / (p.w[0] / p.op.groups);
  for (std::int64_t r0 = 0; r0 < p.w[2]; ++r0)
    for (std::int64_t r1 = 0; r1 < p.w[3]; ++r1)
      for (std::int64_t r2 = 0; r2 < p.w[4]; ++r2)
        for (std::int64_t c = 0; c < p.w[1]; ++c) {
          const Shape tap = {r0, r1, r2};
          Shape at = {y[0], group * p.w[1] + c, 0, 0, 0};
          bool inside = true;
          for (std::size_t d = 0; d < 3; ++d) {
            at[d + 2] = y[d + 2] * p.op.strides[d] + tap[d] * p.op.dilations[d] - p.op.padsBegin[d];
            inside = inside && at[d + 2] >= 0 && at[d + 2] < p.x[d + 2];
          }
          visit(inside ? flat(p.x, at) : -1, flat(p.w, {y[1], c, r0, r1, r2}));
        }
}

/// Calls check(index of y, flat index) for every output element.
template <typename Check>
void forEachOutput(const Problem& p, Check check) {
  Shape y = {p.x[0], p.w[0]};
  for (std::size_t d = 0; d < 3; ++d) {
    const std::int64_t reach = p.op.dilations[d] * (p.w[d + 2] - 1) + 1;
    const std::int64_t padded = p.x[d + 2] + p.op.padsBegin[d] + p.op.padsEnd[d];
    y.push_back((padded - reach) / p.op.strides[d] + 1);
  }
  for (std::int64_t i = 0; i < elementCount(y); ++i) {
    Shape index(5);
    std::int64_t rest = i;
    for (std::size_t d = 5; d-- > 0; rest /= y[d]) index[d] = rest % y[d];
    check(index, i);
  }
}

class ConvolutionSeeds : public testing::TestWithParam<unsigned> {};

TEST_P(ConvolutionSeeds, FloatIsOneFusedChainFromTheBias) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Random random(GetParam());
  const Problem p(random, static_cast<int>(random.integer(1, 3)));
  const Tensor x = random.tensor(DataType::Float32, p.x), w = random.tensor(DataType::Float32, p.w);
  const Tensor bias = random.tensor(DataType::Float32, p.biasShape());
  OneNode node;
  node.input(x).input(w);
  if (p.bias) node.input(bias);
  const std::vector<float> y = values<float>(node.evaluate(p.op));

  const Problem full = p.raised();
  std::size_t count = 0;
  forEachOutput(full, [&](const Shape& index, std::int64_t i) {
    float sum = p.bias ? bias.as<float>()[static_cast<std::size_t>(index[1])] : 0.0f;
    forEachTerm(full, index, [&](std::int64_t from, std::int64_t weight) {
      const float value = from < 0 ? 0.0f : x.as<float>()[static_cast<std::size_t>(from)];
      sum = std::fma(value, w.as<float>()[static_cast<std::size_t>(weight)], sum);
    });
    ++count;
    ASSERT_EQ(y.at(static_cast<std::size_t>(i)), sum) << "output " << i;
  });
  EXPECT_EQ(count, y.size());
}

TEST_P(ConvolutionSeeds, QuantisedMatchesExactArithmetic) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Random random(GetParam() + 1000);
  const Problem p(random, 2);
  const Tensor x = random.tensor(DataType::UInt8, p.x, 0, 255);
  const Tensor w = random.tensor(DataType::Int8, p.w, -127, 127);
  const Tensor bias = random.tensor(DataType::Int32, p.biasShape(), -5000, 5000);
  const Quantization qx{{0.02f}, 117, 0}, qy{{0.9f}, -11, 0};
  Quantization qw;
  for (std::int64_t m = 0; m < p.w[0]; ++m) {
    qw.scales.push_back(static_cast<float>(random.real(0.001, 0.1)));
  }
  const std::vector<std::int8_t> y = values<std::int8_t>(
      OneNode().input(x, qx).input(w, qw).input(bias).output(DataType::Int8, qy).evaluate(p.op));
  const Problem full = p.raised();
  forEachOutput(full, [&](const Shape& index, std::int64_t i) {
    double sum = bias.at(index[1]);
    forEachTerm(full, index, [&](std::int64_t from, std::int64_t weight) {
      if (from >= 0) sum += (x.at(from) - 117) * w.at(weight);
    });
    const float scale = qx.scales[0] * qw.scales[static_cast<std::size_t>(index[1])];
    const float real = static_cast<float>(sum) * scale;
    const double level = std::nearbyint(static_cast<double>(real / qy.scales[0])) - 11;
    const double expected = std::min(127.0, std::max(-128.0, level));
    ASSERT_EQ(static_cast<double>(y[static_cast<std::size_t>(i)]), expected) << "output " << i;
  });
}

INSTANTIATE_TEST_SUITE_P(Random, ConvolutionSeeds, testing::Range(0u, 60u));

TEST(Convolution, DepthwiseAgreesWithOneGroupAtATime) {
  Random random(5);
  const Tensor x = random.tensor(DataType::Float32, {1, 8, 6, 5});
  const Tensor w = random.tensor(DataType::Float32, {8, 1, 3, 3});
  const Convolution all{{2, 1}, {1, 2}, {1, 2}, {0, 1}, 8}, one{{2, 1}, {1, 2}, {1, 2}, {0, 1}, 1};
  const std::vector<float> y = values<float>(OneNode().input(x).input(w).evaluate(all));
  std::vector<float> joined;
  for (std::size_t c = 0; c < 8; ++c) {
    const auto plane = x.as<float>().subspan(c * 30, 30), kernel = w.as<float>().subspan(c * 9, 9);
    const auto part = values<float>(
        OneNode()
            .input(testing_support::floats({1, 1, 6, 5}, {plane.begin(), plane.end()}))
            .input(testing_support::floats({1, 1, 3, 3}, {kernel.begin(), kernel.end()}))
            .evaluate(one));
    joined.insert(joined.end(), part.begin(), part.end());
  }
  EXPECT_EQ(y, joined);
}

TEST(Convolution, HalfAccumulatesInFloatAndRoundsOnce) {
  // 2048 + 1 + 1 is exact in fp32; in fp16 each 2048 + 1 would round back to 2048.
  Tensor x(DataType::Float16, {1, 3, 1, 1}), w(DataType::Float16, {1, 3, 1, 1});
  for (const auto& [i, value] : {std::pair{0, 2048.0}, {1, 1.0}, {2, 1.0}}) x.set(i, value);
  for (int i = 0; i < 3; ++i) w.set(i, 1.0);
  const Convolution op{{1, 1}, {1, 1}, {0, 0}, {0, 0}, 1};
  EXPECT_EQ(OneNode().input(x).input(w).evaluate(op).at(0), 2050.0);
}

}  // namespace
}  // namespace npusim
