#include <gtest/gtest.h>

#include <cmath>

#include "sim/core/error.h"
#include "workloads/graph/graph.h"

namespace npusim {
namespace {

TEST(Constant, SplatFillsEveryElementOfEveryType) {
  for (const DataType type : {DataType::Float32, DataType::Float16, DataType::BFloat16,
                              DataType::Int8, DataType::Int64, DataType::Bool}) {
    const Tensor tensor = Constant{{}, 1.0, {}}.materialize(type, {3, 37});
    ASSERT_EQ(tensor.size(), 111);
    EXPECT_EQ(tensor.type(), type);
    for (std::int64_t i = 0; i < tensor.size(); ++i) ASSERT_EQ(tensor.at(i), 1.0) << i;
  }
}

TEST(Constant, SeededValuesHaveTheStatedBoundAndVariance) {
  const Shape shape = {64, 16, 3, 3};
  const Tensor tensor = Constant{{}, {}, 7}.materialize(DataType::Float32, shape);
  const double bound = std::sqrt(3.0 / (16 * 3 * 3));
  double sum = 0;
  double squares = 0;
  for (const float value : tensor.as<float>()) {
    ASSERT_LE(std::abs(value), bound);
    sum += value;
    squares += double{value} * value;
  }
  const auto count = static_cast<double>(tensor.size());
  // Uniform in +-b: variance b^2 / 3 = 1 / fan_in; the mean of 9,216 draws is within 5 sigma.
  EXPECT_NEAR(sum / count, 0, 5 * bound / std::sqrt(3 * count));
  EXPECT_NEAR(squares / count * 144, 1, 0.05);
}

TEST(Constant, SeededValuesDependOnTheSeedOnly) {
  const auto values = [](std::uint64_t seed) {
    const Tensor t = Constant{{}, {}, seed}.materialize(DataType::Float32, {4, 25});
    return std::vector<float>(t.as<float>().begin(), t.as<float>().end());
  };
  EXPECT_EQ(values(1), values(1));
  EXPECT_NE(values(1), values(2));
}

TEST(Constant, DenseValuesConvertAndReshape) {
  const Constant constant{std::make_shared<const Tensor>(int64Tensor({1, 2, 3, 4})), {}, {}};
  const Tensor tensor = constant.materialize(DataType::Float32, {2, 2});
  EXPECT_EQ(tensor.shape(), (Shape{2, 2}));
  EXPECT_EQ(tensor.as<float>()[3], 4.0f);
  EXPECT_THROW(constant.materialize(DataType::Float32, {5}), InternalError);
  EXPECT_THROW(Constant{}.materialize(DataType::Float32, {1}), InternalError);
}

}  // namespace
}  // namespace npusim
