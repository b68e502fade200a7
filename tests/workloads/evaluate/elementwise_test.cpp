#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/workloads/evaluate/support.h"

namespace npusim {
namespace {

using testing_support::floats;
using testing_support::OneNode;
using testing_support::Random;
using testing_support::tensorOf;
using testing_support::values;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Unary {
  ElementStep step;
  std::function<double(double)> expected;
  double least = -8, most = 8;
};

/// Every unary operation against double arithmetic; a new operation fails here until it is listed.
std::vector<Unary> unaries() {
  const auto clamp01 = [](double x) { return std::min(1.0, std::max(0.0, x)); };
  return {
      {{.op = ElementOp::Relu}, [](double x) { return x > 0 ? x : 0; }},
      {{.op = ElementOp::LeakyRelu, .alpha = 0.1f}, [](double x) { return x > 0 ? x : 0.1 * x; }},
      {{.op = ElementOp::Clip, .alpha = -1, .beta = 6},
       [](double x) { return std::min(6.0, std::max(-1.0, x)); }},
      {{.op = ElementOp::Sigmoid}, [](double x) { return 1 / (1 + std::exp(-x)); }},
      {{.op = ElementOp::HardSigmoid, .alpha = 0.2f, .beta = 0.5f},
       [=](double x) { return clamp01(0.2 * x + 0.5); }},
      {{.op = ElementOp::HardSwish}, [=](double x) { return x * clamp01(x / 6 + 0.5); }},
      {{.op = ElementOp::Tanh}, [](double x) { return std::tanh(x); }},
      {{.op = ElementOp::Exp}, [](double x) { return std::exp(x); }},
      {{.op = ElementOp::Log}, [](double x) { return std::log(x); }, 0.01, 50},
      {{.op = ElementOp::Sqrt}, [](double x) { return std::sqrt(x); }, 0, 50},
      {{.op = ElementOp::Abs}, [](double x) { return std::abs(x); }},
      {{.op = ElementOp::Neg}, [](double x) { return -x; }},
      {{.op = ElementOp::Reciprocal}, [](double x) { return 1 / x; }, 0.1, 8},
      {{.op = ElementOp::Erf}, [](double x) { return std::erf(x); }},
      {{.op = ElementOp::Floor}, [](double x) { return std::floor(x); }},
      {{.op = ElementOp::Ceil}, [](double x) { return std::ceil(x); }},
      {{.op = ElementOp::Round}, [](double x) { return std::nearbyint(x); }},
      {{.op = ElementOp::Square}, [](double x) { return x * x; }},
      {{.op = ElementOp::Not}, [](double x) { return x == 0 ? 1 : 0; }},
      {{.op = ElementOp::Sign}, [](double x) { return x > 0   ? 1
                                                      : x < 0 ? -1
                                                              : 0; }},
      {{.op = ElementOp::Elu, .alpha = 0.5f},
       [](double x) { return x > 0 ? x : std::expm1(x) / 2; }},
      {{.op = ElementOp::Selu, .alpha = 0.5f, .beta = 3},
       [](double x) { return 3 * (x > 0 ? x : std::expm1(x) / 2); }},
      {{.op = ElementOp::Softplus}, [](double x) { return std::log(1 + std::exp(x)); }},
      {{.op = ElementOp::Softsign}, [](double x) { return x / (1 + std::abs(x)); }},
      {{.op = ElementOp::ThresholdedRelu, .alpha = 0.7f},
       [](double x) { return x > 0.7f ? x : 0; }},
      {{.op = ElementOp::Sin}, [](double x) { return std::sin(x); }},
      {{.op = ElementOp::Cos}, [](double x) { return std::cos(x); }},
      {{.op = ElementOp::Trunc}, [](double x) { return std::trunc(x); }},
      {{.op = ElementOp::Gelu}, [](double x) { return x * std::erfc(-x * std::sqrt(0.5)) / 2; }},
      {{.op = ElementOp::GeluTanh},
       [](double x) {
         return x / (1 + std::exp(-2 * std::sqrt(2 / std::acos(-1)) * (x + 0.044715 * x * x * x)));
       }},
      {{.op = ElementOp::Swish, .alpha = 1.702f},
       [](double x) { return x / (1 + std::exp(-1.702 * x)); }},
  };
}

struct Binary {
  ElementOp op;
  std::function<double(double, double)> expected;
  double least = -4, most = 4;
};

std::vector<Binary> binaries() {
  return {
      {ElementOp::Add, [](double x, double y) { return x + y; }},
      {ElementOp::Sub, [](double x, double y) { return x - y; }},
      {ElementOp::Mul, [](double x, double y) { return x * y; }},
      {ElementOp::Div, [](double x, double y) { return x / y; }, 0.5, 4},
      {ElementOp::Pow, [](double x, double y) { return std::pow(x, y); }, 0.5, 4},
      {ElementOp::Max, [](double x, double y) { return std::max(x, y); }},
      {ElementOp::Min, [](double x, double y) { return std::min(x, y); }},
      {ElementOp::Equal, [](double x, double y) { return x == y ? 1 : 0; }},
      {ElementOp::Less, [](double x, double y) { return x < y ? 1 : 0; }},
      {ElementOp::LessOrEqual, [](double x, double y) { return x <= y ? 1 : 0; }},
      {ElementOp::Greater, [](double x, double y) { return x > y ? 1 : 0; }},
      {ElementOp::GreaterOrEqual, [](double x, double y) { return x >= y ? 1 : 0; }},
      {ElementOp::And, [](double x, double y) { return x != 0 && y != 0 ? 1 : 0; }},
      {ElementOp::Or, [](double x, double y) { return x != 0 || y != 0 ? 1 : 0; }},
      {ElementOp::Xor, [](double x, double y) { return (x != 0) != (y != 0) ? 1 : 0; }},
      {ElementOp::Mod, [](double x, double y) { return x - y * std::floor(x / y); }, 0.5, 4},
      {ElementOp::Remainder, [](double x, double y) { return x - y * std::trunc(x / y); }, 0.5, 4},
      {ElementOp::KeepIf, [](double x, double y) { return y != 0 ? x : 0; }},
      {ElementOp::KeepUnless, [](double x, double y) { return y != 0 ? 0 : x; }},
      {ElementOp::PRelu, [](double x, double y) { return x < 0 ? x * y : x; }},
  };
}

Tensor uniform(Random& random, const Shape& shape, double least, double most) {
  Tensor tensor(DataType::Float32, shape);
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set(i, random.real(least, most));
  return tensor;
}

TEST(Elementwise, EveryOperationIsListedOnce) {
  EXPECT_EQ(unaries().size() + binaries().size(), static_cast<std::size_t>(kElementOpCount));
}

TEST(Elementwise, UnaryOperationsMatchDoubleArithmetic) {
  Random random(1);
  for (const Unary& unary : unaries()) {
    const Tensor x = uniform(random, {200}, unary.least, unary.most);
    const Tensor y = OneNode().input(x).step(unary.step).evaluate(Elementwise{});
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const double expected = unary.expected(x.at(i));
      ASSERT_NEAR(y.at(i), expected, 1e-6 * (1 + std::abs(expected)))
          << name(unary.step.op) << " of " << x.at(i);
    }
  }
}

TEST(Elementwise, BinaryOperationsMatchDoubleArithmeticBothWays) {
  Random random(2);
  for (const Binary& binary : binaries()) {
    for (const bool reversed : {false, true}) {
      const Tensor x = uniform(random, {4, 25}, binary.least, binary.most);
      Tensor other = uniform(random, {4, 25}, binary.least, binary.most);
      other.set(3, x.at(3));
      const Tensor y = OneNode()
                           .input(x)
                           .input(other)
                           .step({.op = binary.op, .operand = 1, .reversed = reversed})
                           .output(DataType::Float32)
                           .evaluate(Elementwise{});
      for (std::int64_t i = 0; i < x.size(); ++i) {
        const double expected = reversed ? binary.expected(other.at(i), x.at(i))
                                         : binary.expected(x.at(i), other.at(i));
        ASSERT_NEAR(y.at(i), expected, 2e-6 * (1 + std::abs(expected))) << name(binary.op);
      }
    }
  }
}

TEST(Elementwise, OperandsBroadcast) {
  const Tensor x = floats({2, 1, 3}, {1, 2, 3, 4, 5, 6}), column = floats({2, 1}, {10, 20});
  const Tensor y = OneNode()
                       .input(x)
                       .input(column)
                       .step({.op = ElementOp::Add, .operand = 1})
                       .evaluate(Elementwise{});
  EXPECT_EQ(y.shape(), (Shape{2, 2, 3}));
  EXPECT_THAT(values<float>(y),
              testing::ElementsAre(11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26));
  const Tensor scalar = OneNode()
                            .input(x)
                            .input(scalarTensor(2))
                            .step({.op = ElementOp::Mul, .operand = 1})
                            .evaluate(Elementwise{});
  EXPECT_THAT(values<float>(scalar), testing::ElementsAre(2, 4, 6, 8, 10, 12));
}

TEST(Elementwise, StepsRunInOrder) {
  const Tensor y = OneNode()
                       .input(floats({2}, {-1, 3}))
                       .input(floats({2}, {2, 2}))
                       .step({.op = ElementOp::Relu})
                       .step({.op = ElementOp::Sub, .operand = 1, .reversed = true})
                       .step({.op = ElementOp::Abs})
                       .evaluate(Elementwise{});
  EXPECT_THAT(values<float>(y), testing::ElementsAre(2, 1));
}

TEST(Elementwise, NotANumberPassesThroughRelu) {
  const Tensor y = OneNode()
                       .input(floats({2}, {std::nanf(""), -kInfinity}))
                       .step({.op = ElementOp::Relu})
                       .evaluate(Elementwise{});
  EXPECT_TRUE(std::isnan(y.at(0)));
  EXPECT_EQ(y.at(1), 0);
}

TEST(Integers, ArithmeticIsExactAndDivisionTruncates) {
  const std::int64_t big = (std::int64_t{1} << 53) + 1;
  const Tensor x = int64Tensor({7, -7, big, -5}), y = int64Tensor({2, 2, 1, -1});
  const auto apply = [&](ElementOp op) {
    return values<std::int64_t>(
        OneNode().input(x).input(y).step({.op = op, .operand = 1}).evaluate(Elementwise{}));
  };
  using testing::ElementsAre;
  EXPECT_THAT(apply(ElementOp::Add), ElementsAre(9, -5, big + 1, -6));
  EXPECT_THAT(apply(ElementOp::Sub), ElementsAre(5, -9, big - 1, -4));
  EXPECT_THAT(apply(ElementOp::Mul), ElementsAre(14, -14, big, 5));
  EXPECT_THAT(apply(ElementOp::Div), ElementsAre(3, -3, big, 5));
  EXPECT_THAT(apply(ElementOp::Max), ElementsAre(7, 2, big, -1));
  EXPECT_THAT(apply(ElementOp::Min), ElementsAre(2, -7, 1, -5));
  const Tensor power = OneNode()
                           .input(int64Tensor({3, -2, 2, 0, -1}))
                           .input(int64Tensor({4, 3, -1, 0, -3}))
                           .step({.op = ElementOp::Pow, .operand = 1})
                           .evaluate(Elementwise{});
  EXPECT_THAT(values<std::int64_t>(power), ElementsAre(81, -8, 0, 1, -1));
}

TEST(Integers, ClipKeepsInfiniteBoundsOpen) {
  const Tensor y = OneNode()
                       .input(int64Tensor({-9, 3, 9}))
                       .step({.op = ElementOp::Clip, .alpha = -kInfinity, .beta = 4.5f})
                       .evaluate(Elementwise{});
  EXPECT_THAT(values<std::int64_t>(y), testing::ElementsAre(-9, 3, 4));
}

TEST(Integers, NarrowTypesWrap) {
  const Tensor x = tensorOf<std::int32_t>(DataType::Int32, {1}, {2147483647});
  const Tensor y = OneNode()
                       .input(x)
                       .input(x)
                       .step({.op = ElementOp::Add, .operand = 1})
                       .evaluate(Elementwise{});
  EXPECT_THAT(values<std::int32_t>(y), testing::ElementsAre(-2));
}

TEST(Integers, DivisionByZeroAndMissingOperationsAreRefused) {
  const auto apply = [](ElementStep step) {
    return OneNode()
        .input(int64Tensor({1}))
        .input(int64Tensor({0}))
        .step(step)
        .evaluate(Elementwise{});
  };
  EXPECT_THROW(apply({.op = ElementOp::Div, .operand = 1}), BadInput);
  EXPECT_THROW(apply({.op = ElementOp::Sigmoid}), BadInput);
  EXPECT_THROW(OneNode().input(int64Tensor({1})).evaluate(Softmax{}), BadInput);
}

TEST(Cast, FollowsTheOutputType) {
  const Tensor x = floats({5}, {-1.5f, 0, 2.75f, 3e9f, std::nanf("")});
  const auto cast = [&](DataType type) {
    return OneNode().input(x).output(type).evaluate(Elementwise{});
  };
  EXPECT_THAT(values<std::int32_t>(cast(DataType::Int32)),
              testing::ElementsAre(-1, 0, 2, 2147483647, 0));
  EXPECT_THAT(values<std::uint8_t>(cast(DataType::UInt8)), testing::ElementsAre(0, 0, 2, 255, 0));
  EXPECT_THAT(values<std::uint8_t>(cast(DataType::Bool)), testing::ElementsAre(1, 0, 1, 1, 1));
  EXPECT_THAT(values<std::int64_t>(cast(DataType::Int64)),
              testing::ElementsAre(-1, 0, 2, 3000000000, 0));
  const Tensor back = OneNode()
                          .input(int64Tensor({-3, 16777217}))
                          .output(DataType::Float32)
                          .evaluate(Elementwise{});
  EXPECT_THAT(values<float>(back), testing::ElementsAre(-3, 16777216));
}

TEST(Equality, GivesBool) {
  const Tensor y = OneNode()
                       .input(int64Tensor({1, 2, 3}))
                       .input(int64Tensor({1, 0, 3}))
                       .step({.op = ElementOp::Equal, .operand = 1})
                       .evaluate(Elementwise{});
  EXPECT_EQ(y.type(), DataType::Bool);
  EXPECT_THAT(values<std::uint8_t>(y), testing::ElementsAre(1, 0, 1));
}

TEST(Quantize, RoundsHalfToEvenAndSaturates) {
  const Tensor x = floats({7}, {0.5f, 1.5f, -0.5f, -2.5f, 1e9f, -1e9f, std::nanf("")});
  EXPECT_THAT(values<std::int8_t>(quantize(x, DataType::Int8, {{1.0f}, 0, 0})),
              testing::ElementsAre(0, 2, 0, -2, 127, -128, 0));
  EXPECT_THAT(values<std::uint8_t>(quantize(x, DataType::UInt8, {{1.0f}, 10, 0})),
              testing::ElementsAre(10, 12, 10, 8, 255, 0, 10));
}

TEST(Quantize, PerChannelScalesRunAlongTheirAxis) {
  const Quantization q{{1.0f, 0.5f, 0.25f}, 0, 1};
  const Tensor x = floats({2, 3, 1}, {1, 1, 1, -2, -2, -2});
  const Tensor levels = quantize(x, DataType::Int16, q);
  EXPECT_THAT(values<std::int16_t>(levels), testing::ElementsAre(1, 2, 4, -2, -4, -8));
  EXPECT_EQ(values<float>(dequantize(levels, q)), values<float>(x));
}

TEST(Quantize, ErrorIsAtMostHalfAStep) {
  Random random(9);
  const Tensor x = uniform(random, {1000}, -3, 3);
  const Quantization q{{3.0f / 127}, 0, 0};
  const Tensor back = dequantize(quantize(x, DataType::Int8, q), q);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    EXPECT_LE(std::abs(x.at(i) - back.at(i)), 0.5001 * 3.0 / 127);
  }
}

TEST(Quantised, AddRequantisesEachOperand) {
  const Quantization a{{0.5f}, 3, 0}, b{{0.25f}, -2, 0}, y{{1.0f}, 1, 0};
  const Tensor sum = OneNode()
                         .input(tensorOf<std::int8_t>(DataType::Int8, {3}, {5, 3, 127}), a)
                         .input(tensorOf<std::int8_t>(DataType::Int8, {3}, {2, 4, 126}), b)
                         .step({.op = ElementOp::Add, .operand = 1})
                         .output(DataType::Int8, y)
                         .evaluate(Elementwise{});
  // (5-3)/2 + (2+2)/4 = 2, 0 + 1.5 rounds to 2, 62 + 32 = 94; plus the zero point 1.
  EXPECT_THAT(values<std::int8_t>(sum), testing::ElementsAre(3, 3, 95));
}

}  // namespace
}  // namespace npusim
