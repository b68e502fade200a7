#include "kernels/pipeline/quantized_values.h"

#include <gtest/gtest.h>

#include "tests/end_to_end/graph_builder.h"

namespace npusim::passes {
namespace {

class Int8Values : public testing::Test {
 protected:
  ValueId product(ValueId x, std::int64_t outputs = 4) {
    const std::int64_t inputs = net_.shape(x).back();
    return net_.add(MatMul{},
                    {x, net_.constant(Tensor(DataType::Float32, {inputs, outputs})), kNoValue});
  }
  bool isInt8(ValueId id) {
    const std::vector<bool> none(net_.graph().values.size(), false);
    return codesBetweenFloats(net_.graph(), none)[static_cast<std::size_t>(id)];
  }

  end_to_end::GraphBuilder net_;
  ValueId x_ = net_.input({2, 4});
};

TEST_F(Int8Values, WhatLeadsToAProductAndNothingBehindTheLast) {
  const ValueId first = product(x_);
  const ValueId relu = net_.unary(first, ElementOp::Relu);
  const ValueId last = product(relu);
  EXPECT_TRUE(isInt8(x_));
  EXPECT_TRUE(isInt8(first));
  EXPECT_TRUE(isInt8(relu));
  EXPECT_FALSE(isInt8(last));
}

TEST_F(Int8Values, WhatANormalisationReadsIsFloat) {
  const ValueId sum = net_.binary(product(x_), ElementOp::Add, x_);
  const ValueId normal = net_.add(LayerNorm{1}, {sum});
  product(normal);
  EXPECT_FALSE(isInt8(sum));
  EXPECT_TRUE(isInt8(normal));
}

TEST_F(Int8Values, ScoresOfASoftmaxAreFloat) {
  const ValueId scores = product(x_);
  const ValueId weights = net_.add(Softmax{1}, {scores});
  product(weights);
  EXPECT_FALSE(isInt8(scores));
  EXPECT_TRUE(isInt8(weights));
}

TEST_F(Int8Values, AGatedProductOfAnErfIsFloatUntilItsResult) {
  const ValueId x = product(x_);
  const ValueId gate = net_.unary(x, ElementOp::Erf);
  const ValueId gelu = net_.binary(x, ElementOp::Mul, gate);
  product(gelu);
  EXPECT_FALSE(isInt8(x));
  EXPECT_FALSE(isInt8(gate));
  EXPECT_TRUE(isInt8(gelu));
}

TEST_F(Int8Values, WhatAGeluReadsIsFloat) {
  for (const ElementOp op : {ElementOp::Gelu, ElementOp::GeluTanh}) {
    const ValueId x = product(x_);
    const ValueId gelu = net_.unary(x, op);
    product(gelu);
    EXPECT_FALSE(isInt8(x)) << name(op);
    EXPECT_TRUE(isInt8(gelu)) << name(op);
  }
}

TEST_F(Int8Values, ASwishIsInt8) {
  const ValueId x = product(x_);
  const ValueId gate = net_.unary(x, ElementOp::Sigmoid);
  product(net_.binary(x, ElementOp::Mul, gate));
  EXPECT_TRUE(isInt8(x));
  EXPECT_TRUE(isInt8(gate));
}

TEST_F(Int8Values, MovesHaveOneFormatOnBothSides) {
  const ValueId other = net_.input({2, 4});
  const ValueId both = net_.add(Concat{0}, {x_, other});
  const ValueId turned = net_.add(Transpose{{1, 0}}, {both});
  product(x_);
  EXPECT_TRUE(isInt8(other));
  EXPECT_TRUE(isInt8(both));
  EXPECT_TRUE(isInt8(turned));
}

}  // namespace
}  // namespace npusim::passes
