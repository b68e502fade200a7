#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/end_to_end/random.h"
#include "tests/workloads/onnx/one_operator.h"

/// The quantised operators against the standard's formulas, computed here number by number.
namespace npusim::testing_onnx {
namespace {

using end_to_end::Random;

Tensor levels(Random& random, DataType type, const Shape& shape) {
  const std::int64_t least = type == DataType::UInt8 ? 0 : -128;
  return filled(type, shape,
                [&] { return static_cast<double>(random.integer(least, least + 255)); });
}

Tensor scales(Random& random, const Shape& shape) {
  return filled(DataType::Float32, shape, [&] { return random.real(0.001, 0.1); });
}

DataType either(Random& random) { return random.once(2) ? DataType::UInt8 : DataType::Int8; }

/// saturate(round(value) + zeroPoint), as stored.
double level(float value, double zeroPoint, DataType type) {
  const double least = type == DataType::UInt8 ? 0 : -128;
  return std::clamp(static_cast<double>(std::nearbyint(value)) + zeroPoint, least, least + 255);
}

/// Element i of a parameter that has one, or one for each index.
double of(const Tensor& parameter, std::int64_t i) {
  return parameter.at(parameter.size() == 1 ? 0 : i);
}

struct Operand {
  Tensor x, scale, zero;
};

Operand randomOperand(Random& random, const Shape& shape, std::int64_t parameters) {
  const DataType type = either(random);
  const Shape each = parameters == 1 ? Shape{} : Shape{parameters};
  return {levels(random, type, shape), scales(random, each), levels(random, type, each)};
}

/// Sums of a product a [m, k] b [k, n]; b has a zero point a column.
std::vector<std::int64_t> integerProduct(const Operand& a, const Operand& b) {
  const std::int64_t m = a.x.shape()[0], k = a.x.shape()[1], n = b.x.shape()[1];
  std::vector<std::int64_t> sums;
  for (std::int64_t i = 0; i < m * n; ++i) {
    double sum = 0;
    for (std::int64_t j = 0; j < k; ++j) {
      sum +=
          (a.x.at(i / n * k + j) - of(a.zero, i / n)) * (b.x.at(j * n + i % n) - of(b.zero, i % n));
    }
    sums.push_back(static_cast<std::int64_t>(sum));
  }
  return sums;
}

TEST(Quantized, MatrixProductsAreBitExact) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::int64_t m = random.integer(1, 5), k = random.integer(1, 9), n = random.integer(2, 5);
    const Operand a = randomOperand(random, {m, k}, 1);
    const Operand b = randomOperand(random, {k, n}, random.once(2) ? n : 1);
    const Operand y = randomOperand(random, {1}, 1);
    const bool known = random.once(2);
    const std::vector<std::int64_t> sums = integerProduct(a, b);
    const Tensor plain = OneOperator("MatMulInteger")
                             .operand(a.x)
                             .operand(b.x, known)
                             .operand(a.zero, known)
                             .operand(b.zero)
                             .run()
                             .at(0);
    OneOperator op("QLinearMatMul");
    op.operand(a.x).operand(a.scale, known).operand(a.zero);
    op.operand(b.x, known).operand(b.scale).operand(b.zero, known).operand(y.scale).operand(y.zero);
    const Tensor scaled = op.run().at(0);
    ASSERT_EQ(scaled.type(), y.zero.type());
    for (std::int64_t i = 0; i < m * n; ++i) {
      const std::int64_t sum = sums[static_cast<std::size_t>(i)];
      ASSERT_EQ(plain.at(i), static_cast<double>(sum));
      const float factors =
          static_cast<float>(a.scale.at(0)) * static_cast<float>(of(b.scale, i % n));
      const float value = static_cast<float>(sum) * (factors / static_cast<float>(y.scale.at(0)));
      ASSERT_EQ(scaled.at(i), level(value, y.zero.at(0), y.zero.type())) << i;
    }
  }
}

/// Sum of output `at` [image, channel, column] of a one-dimensional convolution, padding worth 0.
std::int64_t convolved(const Operand& x, const Operand& w, const Shape& at, std::int64_t stride,
                       std::int64_t pad) {
  const std::int64_t channels = x.x.shape()[1], width = x.x.shape()[2], taps = w.x.shape()[2];
  double sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t t = 0; t < taps; ++t) {
      const std::int64_t from = at[2] * stride + t - pad;
      if (from < 0 || from >= width) continue;
      sum += (x.x.at((at[0] * channels + c) * width + from) - x.zero.at(0)) *
             (w.x.at((at[1] * channels + c) * taps + t) - of(w.zero, at[1]));
    }
  }
  return static_cast<std::int64_t>(sum);
}

TEST(Quantized, ConvolutionsAreBitExact) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::int64_t channels = random.integer(1, 3), outputs = random.integer(2, 4);
    const std::int64_t stride = random.integer(1, 2), pad = random.integer(0, 2);
    const Operand x = randomOperand(random, {2, channels, random.integer(3, 7)}, 1);
    const Operand w = randomOperand(random, {outputs, channels, random.integer(1, 3)},
                                    random.once(2) ? outputs : 1);
    const Operand y = randomOperand(random, {1}, 1);
    const Tensor bias = filled(DataType::Int32, {outputs},
                               [&] { return static_cast<double>(random.integer(-10000, 10000)); });
    const bool known = random.once(2);
    OneOperator plain("ConvInteger"), full("QLinearConv");
    plain.operand(x.x).operand(w.x, known).operand(x.zero).operand(w.zero, known);
    full.operand(x.x).operand(x.scale).operand(x.zero, known);
    full.operand(w.x, known).operand(w.scale, known).operand(w.zero, known);
    full.operand(y.scale, known).operand(y.zero).operand(bias, known);
    for (OneOperator* op : {&plain, &full}) {
      op->attribute("strides", Ints{stride}).attribute("pads", Ints{pad, pad});
    }
    const Tensor sums = plain.run().at(0), result = full.run().at(0);
    ASSERT_EQ(result.type(), y.zero.type());
    forEachIndex(result.shape(), [&](const Shape& at) {
      const std::int64_t i = numberOf(at, result.shape());
      const std::int64_t sum = convolved(x, w, at, stride, pad);
      ASSERT_EQ(sums.at(i), static_cast<double>(sum));
      const float factors =
          static_cast<float>(x.scale.at(0)) * static_cast<float>(of(w.scale, at[1]));
      const float value = static_cast<float>(sum + static_cast<std::int64_t>(bias.at(at[1]))) *
                          (factors / static_cast<float>(y.scale.at(0)));
      ASSERT_EQ(result.at(i), level(value, y.zero.at(0), y.zero.type())) << i;
    });
  }
}

TEST(Quantized, LevelsAndRealsAlongAnAxis) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = {2, 3, 4};
    const std::int64_t axis = random.integer(0, 2);
    const std::int64_t parameters = random.once(2) ? 1 : shape[static_cast<std::size_t>(axis)];
    const Operand q = randomOperand(random, shape, parameters);
    const Tensor x = random.floats(shape, 5);
    const Tensor made = OneOperator("QuantizeLinear")
                            .operand(x)
                            .operand(q.scale)
                            .constant(q.zero)
                            .attribute("axis", axis)
                            .run()
                            .at(0);
    const Tensor real = OneOperator("DequantizeLinear")
                            .operand(q.x)
                            .constant(q.scale)
                            .operand(q.zero)
                            .attribute("axis", axis - 3)
                            .run()
                            .at(0);
    ASSERT_EQ(made.type(), q.zero.type());
    forEachIndex(shape, [&](const Shape& at) {
      const std::int64_t i = numberOf(at, shape), j = at[static_cast<std::size_t>(axis)];
      const auto scale = static_cast<float>(of(q.scale, j));
      const float steps = static_cast<float>(x.at(i)) / scale;
      ASSERT_EQ(made.at(i), level(steps, of(q.zero, j), made.type()));
      const auto centered = static_cast<float>(q.x.at(i) - of(q.zero, j));
      ASSERT_EQ(real.at(i), centered * scale);
    });
  }
}

TEST(Quantized, DynamicLevelsSpanTheRangeWithZero) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const double low = random.real(-3, 1), high = low + random.real(0.1, 4);
    const Tensor x = filled(DataType::Float32, {3, 5}, [&] { return random.real(low, high); });
    const auto elements = x.as<float>();
    const float least = std::min(0.0f, *std::min_element(elements.begin(), elements.end()));
    const float most = std::max(0.0f, *std::max_element(elements.begin(), elements.end()));
    const float scale = (most - least) / 255;
    const double zero = level(-(least / scale), 0, DataType::UInt8);
    const std::vector<Tensor> made = OneOperator("DynamicQuantizeLinear").operand(x).run(3);
    EXPECT_EQ(made[1].at(0), scale);
    EXPECT_EQ(made[2].at(0), zero);
    for (std::int64_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(made[0].at(i), level(static_cast<float>(x.at(i)) / scale, zero, DataType::UInt8));
    }
  }
}

TEST(Quantized, ZeroPointOfAnotherTypeIsRefused) {
  const ModelBuilder model = OneOperator("MatMulInteger")
                                 .operand(Tensor(DataType::UInt8, {2, 2}))
                                 .operand(Tensor(DataType::Int8, {2, 2}))
                                 .constant(Tensor(DataType::Int8, {}))
                                 .model();
  EXPECT_EQ(importError(model),
            "m.onnx: node 'n' (MatMulInteger): the zero point is int8, expected uint8 as what it "
            "belongs to");
}

}  // namespace
}  // namespace npusim::testing_onnx
