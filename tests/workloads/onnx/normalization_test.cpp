#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/end_to_end/random.h"
#include "tests/workloads/onnx/one_operator.h"

namespace npusim::testing_onnx {
namespace {

using end_to_end::Random;

double meanOf(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Mean of the squared distances from `middle`.
double spreadOf(const std::vector<double>& values, double middle) {
  double squares = 0;
  for (const double value : values) squares += (value - middle) * (value - middle);
  return squares / static_cast<double>(values.size());
}

void expectNear(const Tensor& actual, const Shape& shape, const std::vector<double>& wanted) {
  ASSERT_EQ(actual.shape(), shape);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_NEAR(actual.at(static_cast<std::int64_t>(i)), wanted[i], 1e-5) << i;
  }
}

TEST(Normalization, LayersWithMeanAndDeviation) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = {random.integer(1, 3), random.integer(2, 4), random.integer(2, 5)};
    const std::int64_t axis = random.integer(0, 2);
    const Shape inner(shape.begin() + axis, shape.end());
    const std::int64_t length = elementCount(inner);
    const Tensor x = random.floats(shape, 3), scale = random.floats(inner, 1);
    const Tensor shift = random.floats(inner, 1);
    const std::vector<Tensor> made = OneOperator("LayerNormalization")
                                         .operand(x)
                                         .operand(scale, random.once(2))
                                         .operand(shift)
                                         .attribute("axis", axis - 3)
                                         .attribute("epsilon", 0.01f)
                                         .run(3);
    std::vector<double> wanted, means, deviations;
    for (std::int64_t first = 0; first < x.size(); first += length) {
      std::vector<double> line;
      for (std::int64_t i = 0; i < length; ++i) line.push_back(x.at(first + i));
      means.push_back(meanOf(line));
      deviations.push_back(1 / std::sqrt(spreadOf(line, means.back()) + 0.01));
      for (std::int64_t i = 0; i < length; ++i) {
        wanted.push_back((x.at(first + i) - means.back()) * deviations.back() * scale.at(i) +
                         shift.at(i));
      }
    }
    Shape kept = shape;
    std::fill(kept.begin() + axis, kept.end(), 1);
    expectNear(made[0], shape, wanted);
    expectNear(made[1], kept, means);
    expectNear(made[2], kept, deviations);
  }
}

TEST(Normalization, BatchesWhoseParametersComeAtRunTimeOrBefore) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = {2, random.integer(1, 3), random.integer(1, 5)};
    const std::int64_t channels = shape[1], width = shape[2];
    const Tensor x = random.floats(shape, 3), scale = random.floats({channels}, 1);
    const Tensor shift = random.floats({channels}, 1), mean = random.floats({channels}, 1);
    const Tensor variance =
        filled(DataType::Float32, {channels}, [&] { return random.real(0.1, 2); });
    const bool trains = random.once(3), known = random.once(2);
    OneOperator op("BatchNormalization", 15);
    op.operand(x).operand(scale, known).operand(shift, known);
    op.operand(mean, known).operand(variance, known).attribute("training_mode", trains ? 1 : 0);
    const std::vector<Tensor> made = op.attribute("momentum", 0.8f).run(trains ? 3 : 1);
    std::vector<double> wanted(static_cast<std::size_t>(x.size())), means, variances;
    for (std::int64_t c = 0; c < channels; ++c) {
      std::vector<double> line;
      for (std::int64_t i = 0; i < 2 * width; ++i) {
        line.push_back(x.at((i / width * channels + c) * width + i % width));
      }
      const double middle = trains ? meanOf(line) : mean.at(c);
      const double spread = trains ? spreadOf(line, middle) : variance.at(c);
      means.push_back(0.8 * mean.at(c) + 0.2 * middle);
      variances.push_back(0.8 * variance.at(c) + 0.2 * spread);
      for (std::int64_t i = 0; i < 2 * width; ++i) {
        wanted[static_cast<std::size_t>((i / width * channels + c) * width + i % width)] =
            (line[static_cast<std::size_t>(i)] - middle) / std::sqrt(spread + 1e-5) * scale.at(c) +
            shift.at(c);
      }
    }
    expectNear(made[0], shape, wanted);
    if (!trains) continue;
    expectNear(made[1], {channels}, means);
    expectNear(made[2], {channels}, variances);
  }
}

/// What a reduction makes of a list.
struct Kind {
  const char* op;
  double (*of)(const std::vector<double>& values);
};

double sumOf(const std::vector<double>& values, double (*f)(double)) {
  double sum = 0;
  for (const double value : values) sum += f(value);
  return sum;
}
double square(double x) { return x * x; }

class Reductions : public testing::TestWithParam<Kind> {};

TEST_P(Reductions, MatchADirectLoop) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = {random.integer(1, 4), random.integer(1, 5), random.integer(1, 4)};
    const Tensor x = filled(DataType::Float32, shape, [&] { return random.real(0.2, 2); });
    const std::int64_t axis = random.integer(0, 2);
    const bool keeps = random.once(2);
    const Tensor y = OneOperator(GetParam().op, 13)
                         .operand(x)
                         .attribute("axes", Ints{axis})
                         .attribute("keepdims", keeps ? 1 : 0)
                         .run()
                         .at(0);
    Shape kept = shape;
    kept[static_cast<std::size_t>(axis)] = 1;
    std::vector<double> wanted;
    forEachIndex(kept, [&](Shape at) {
      std::vector<double> line;
      std::int64_t& i = at[static_cast<std::size_t>(axis)];
      for (i = 0; i < shape[static_cast<std::size_t>(axis)]; ++i) {
        line.push_back(x.at(numberOf(at, shape)));
      }
      wanted.push_back(GetParam().of(line));
    });
    if (!keeps) kept.erase(kept.begin() + axis);
    expectNear(y, kept, wanted);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Reductions,
    testing::Values(
        Kind{"ReduceL1", [](const auto& v) { return sumOf(v, std::abs); }},
        Kind{"ReduceL2", [](const auto& v) { return std::sqrt(sumOf(v, square)); }},
        Kind{"ReduceLogSum",
             [](const auto& v) { return std::log(std::accumulate(v.begin(), v.end(), 0.0)); }},
        Kind{"ReduceLogSumExp", [](const auto& v) { return std::log(sumOf(v, std::exp)); }},
        Kind{"ReduceProd",
             [](const auto& v) {
               return std::accumulate(v.begin(), v.end(), 1.0, std::multiplies<>());
             }},
        Kind{"ReduceSumSquare", [](const auto& v) { return sumOf(v, square); }}),
    [](const auto& kind) { return kind.param.op; });

/// Cubic interpolation between pixel centres of one line, as Keys (1981) gives it.
double cubic(const Tensor& x, double at, double a, bool excludes) {
  double sum = 0, weights = 0;
  const auto below = static_cast<std::int64_t>(std::floor(at));
  for (std::int64_t i = below - 1; i <= below + 2; ++i) {
    const double s = std::abs(at - static_cast<double>(i));
    const double near = (a + 2) * s * s * s - (a + 3) * s * s + 1;
    const double far = a * s * s * s - 5 * a * s * s + 8 * a * s - 4 * a;
    if (excludes && (i < 0 || i >= x.size())) continue;
    const double weight = s <= 1 ? near : far;
    weights += weight;
    sum += weight * x.at(std::clamp<std::int64_t>(i, 0, x.size() - 1));
  }
  return excludes ? sum / weights : sum;
}

TEST(Resizing, CubicFollowsKeys) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::int64_t in = random.integer(1, 6), out = random.integer(1, 9);
    const Tensor x = random.floats({1, 1, in}, 2);
    const float a = random.once(2) ? -0.75f : -0.5f;
    const bool excludes = random.once(2);
    const Tensor y = OneOperator("Resize", 13)
                         .operand(x)
                         .absent()
                         .absent()
                         .constant(int64Tensor({1, 1, out}))
                         .attribute("mode", "cubic")
                         .attribute("cubic_coeff_a", a)
                         .attribute("exclude_outside", excludes ? 1 : 0)
                         .run()
                         .at(0);
    const double step = static_cast<double>(in) / static_cast<double>(out);
    for (std::int64_t i = 0; i < out; ++i) {
      const double at = (static_cast<double>(i) + 0.5) * step - 0.5;
      ASSERT_NEAR(y.at(i), cubic(x, at, a, excludes), 1e-4) << i;
    }
  }
}

}  // namespace
}  // namespace npusim::testing_onnx
