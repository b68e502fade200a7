#include "kernels/pipeline/quantization_pairs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/graph_builder.h"

namespace npusim {
namespace {

using testing::ElementsAre;

Tensor scalar(DataType type, double number) {
  Tensor tensor(type, {});
  tensor.set(0, number);
  return tensor;
}

/// x, squared, in codes, and back; then squared.
class QuantizationPairs : public testing::Test {
 protected:
  void build(DataType type, double zeroPoint, double scaleBack = 0.25) {
    real_ = net_.unary(net_.input({2, 3}), ElementOp::Square);
    const ValueId zero = net_.constant(scalar(type, zeroPoint));
    const ValueId codes =
        net_.add(Elementwise{}, {real_, net_.constant(scalar(DataType::Float32, 0.25)), zero},
                 {{.op = ElementOp::Div, .operand = 1},
                  {.op = ElementOp::Round},
                  {.op = ElementOp::Add, .operand = 2}});
    net_.graph().value(codes).type = type;
    const ValueId scale = net_.constant(scalar(DataType::Float32, scaleBack));
    back_ = net_.add(Elementwise{}, {codes, scale, zero},
                     {{.op = ElementOp::Sub, .operand = 2}, {.op = ElementOp::Mul, .operand = 1}});
    net_.graph().value(back_).type = DataType::Float32;
    net_.graph().value(back_).name = "behind";
    net_.graph().outputs = {net_.unary(back_, ElementOp::Square)};
    takeQuantization(net_.graph(), calibration_);
    net_.graph().verify();
  }

  end_to_end::GraphBuilder net_;
  Calibration calibration_;
  ValueId real_ = kNoValue, back_ = kNoValue;
};

TEST_F(QuantizationPairs, GoesAndLeavesItsScaleUnderTheNameBehindIt) {
  build(DataType::Int8, -3);
  EXPECT_EQ(net_.graph().nodes.size(), 2U);
  const Quantization* given = calibration_.given("behind");
  ASSERT_NE(given, nullptr);
  EXPECT_THAT(given->scales, ElementsAre(0.25F));
  EXPECT_EQ(given->zeroPoint, -3);
}

TEST_F(QuantizationPairs, UnsignedCodesBecomeSigned) {
  build(DataType::UInt8, 200);
  ASSERT_NE(calibration_.given("behind"), nullptr);
  EXPECT_EQ(calibration_.given("behind")->zeroPoint, 72);
}

TEST_F(QuantizationPairs, AnotherScaleBackIsArithmeticThatStays) {
  build(DataType::Int8, 0, 0.5);
  EXPECT_EQ(net_.graph().nodes.size(), 4U);
  EXPECT_EQ(calibration_.given("behind"), nullptr);
}

}  // namespace
}  // namespace npusim
