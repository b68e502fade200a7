#include "sim/core/tensor.h"

#include <gtest/gtest.h>

namespace npusim {
namespace {

TEST(Tensor, CountsAndStrides) {
  EXPECT_EQ(elementCount({}), 1);
  EXPECT_EQ(elementCount({2, 0, 3}), 0);
  EXPECT_EQ(rowMajorStrides({2, 3, 4}), (Shape{12, 4, 1}));
  EXPECT_EQ(toString({1, 3, 224}), "1x3x224");
}

TEST(Tensor, ShapeOverflowIsBadInput) {
  EXPECT_THROW(elementCount({INT64_MAX, 2}), BadInput);
  EXPECT_THROW(elementCount({-1}), BadInput);
}

TEST(Tensor, ConvertsLikeOnnxCast) {
  Tensor reals(DataType::Float32, {4});
  const float values[] = {-1.7F, 2.9F, 0.0F, 300.0F};
  std::copy(std::begin(values), std::end(values), reals.as<float>().begin());
  const Tensor whole = convert(reals, DataType::Int32);
  EXPECT_EQ(whole.as<std::int32_t>()[0], -1);
  EXPECT_EQ(whole.as<std::int32_t>()[1], 2);
  EXPECT_EQ(whole.as<std::int32_t>()[3], 300);
  const Tensor logical = convert(reals, DataType::Bool);
  EXPECT_EQ(logical.at(0), 1);
  EXPECT_EQ(logical.at(2), 0);
}

TEST(Tensor, ReadAsAnotherWidthIsOurBug) {
  Tensor tensor(DataType::Float16, {2});
  EXPECT_THROW(tensor.as<float>(), InternalError);
}

}  // namespace
}  // namespace npusim
