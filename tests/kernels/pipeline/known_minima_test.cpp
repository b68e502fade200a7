#include <gtest/gtest.h>

#include "kernels/pipeline/passes.h"
#include "tests/end_to_end/graph_builder.h"

namespace npusim {
namespace {

/// The least element of `x`, or 0 if that is less; its square is the output.
class KnownMinima : public testing::Test {
 protected:
  bool folds(ValueId x, double bound = 0) {
    Tensor zero(DataType::Float32, {});
    zero.set(0, bound);
    const ValueId least =
        net_.add(Reduce{ReduceOp::Min, {0, 1}, false}, {x, net_.constant(std::move(zero))},
                 {{.op = ElementOp::Min, .operand = 1}});
    net_.graph().outputs = {net_.unary(least, ElementOp::Square)};
    passes::foldKnownMinima(net_.graph());
    net_.graph().verify();
    return std::ranges::none_of(net_.graph().nodes, [](const Node& node) {
      return std::holds_alternative<Reduce>(node.operation);
    });
  }

  /// (b - a) * share + a.
  ValueId between(ValueId a, ValueId b, double share) {
    Tensor shares(DataType::Float32, {3});
    for (std::int64_t i = 0; i < shares.size(); ++i) shares.set(i, i == 1 ? share : 0);
    return net_.add(Elementwise{}, {b, a, net_.constant(std::move(shares))},
                    {{.op = ElementOp::Sub, .operand = 1},
                     {.op = ElementOp::Mul, .operand = 2},
                     {.op = ElementOp::Add, .operand = 1}});
  }

  end_to_end::GraphBuilder net_;
};

TEST_F(KnownMinima, IsZeroBehindARelu) {
  EXPECT_TRUE(folds(net_.unary(net_.input({2, 3}), ElementOp::Relu)));
}

TEST_F(KnownMinima, IsZeroThroughWhatOnlyChooses) {
  const ValueId a = net_.unary(net_.input({2, 3}), ElementOp::Abs);
  const ValueId b = net_.unary(net_.input({2, 3}), ElementOp::Sigmoid);
  EXPECT_TRUE(folds(net_.add(Transpose{{1, 0}}, {net_.add(Concat{1}, {a, b})})));
}

TEST_F(KnownMinima, StaysWhereAnElementMayBeLess) {
  EXPECT_FALSE(folds(net_.unary(net_.input({2, 3}), ElementOp::Tanh)));
}

TEST_F(KnownMinima, StaysWhereOnePartMayBeLess) {
  const ValueId a = net_.unary(net_.input({2, 3}), ElementOp::Relu);
  EXPECT_FALSE(folds(net_.add(Concat{1}, {a, net_.input({2, 3})})));
}

TEST_F(KnownMinima, StaysUnderAnotherBound) {
  EXPECT_FALSE(folds(net_.unary(net_.input({2, 3}), ElementOp::Relu), -1));
}

TEST_F(KnownMinima, StaysWhereFillIsLess) {
  const ValueId x = net_.unary(net_.input({2, 3}), ElementOp::Relu);
  EXPECT_FALSE(folds(net_.add(Remap{{{}, {0, -1}}, -1.0F}, {x})));
}

TEST_F(KnownMinima, IsZeroBetweenValuesThatAreNotLess) {
  const ValueId a = net_.unary(net_.input({2, 3}), ElementOp::Relu);
  EXPECT_TRUE(folds(between(a, net_.unary(net_.input({2, 3}), ElementOp::Exp), 0.75)));
}

TEST_F(KnownMinima, StaysBetweenValuesOneOfWhichMayBeLess) {
  const ValueId a = net_.unary(net_.input({2, 3}), ElementOp::Relu);
  EXPECT_FALSE(folds(between(a, net_.input({2, 3}), 0.75)));
}

TEST_F(KnownMinima, StaysBeyondThem) {
  const ValueId a = net_.unary(net_.input({2, 3}), ElementOp::Relu);
  const ValueId b = net_.unary(net_.input({2, 3}), ElementOp::Relu);
  EXPECT_FALSE(folds(between(a, b, 1.25)));
}

}  // namespace
}  // namespace npusim
