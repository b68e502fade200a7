#include "kernels/pipeline/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace npusim {
namespace {

using testing::ElementsAre;

Tensor floats(const Shape& shape, const std::vector<float>& elements) {
  Tensor tensor(DataType::Float32, shape);
  std::copy(elements.begin(), elements.end(), tensor.as<float>().begin());
  return tensor;
}

class CalibrationTest : public testing::Test {
 protected:
  void show(const Tensor& tensor) { calibration_.add("x", tensor); }
  const Calibration::Observation* seen() const { return calibration_.find("x"); }

  Calibration calibration_;
};

TEST_F(CalibrationTest, RangeGrowsOverInputsAndHoldsZero) {
  show(floats({1, 2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(seen()->low, 0);
  EXPECT_EQ(seen()->high, 4);
  show(floats({1, 2, 2}, {-5, 2, 2, 2}));
  EXPECT_EQ(seen()->low, -5);
  EXPECT_EQ(seen()->high, 4);
}

TEST_F(CalibrationTest, MeansByChannelAndByLastDimension) {
  show(floats({1, 2, 2}, {1, 2, 3, 4}));
  show(floats({1, 2, 2}, {3, 4, 5, 6}));
  EXPECT_EQ(seen()->elements, 8);
  EXPECT_THAT(seen()->means(true), ElementsAre(2.5, 4.5));
  EXPECT_THAT(seen()->means(false), ElementsAre(3, 4));
}

TEST_F(CalibrationTest, WhatStandsForInfinityCountsAsZero) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  show(floats({1, 2, 2}, {-kInfinity, 2, -3.4e38F, 4}));
  EXPECT_EQ(seen()->low, 0);
  EXPECT_EQ(seen()->high, 4);
  EXPECT_THAT(seen()->means(true), ElementsAre(1, 2));
}

TEST_F(CalibrationTest, PassesOverWhatIsNoRealTensor) {
  show(Tensor());
  show(Tensor(DataType::Int64, {1, 2, 2}));
  show(scalarTensor(3));
  EXPECT_EQ(seen(), nullptr);
  EXPECT_EQ(calibration_.find("another"), nullptr);
}

}  // namespace
}  // namespace npusim
