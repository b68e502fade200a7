#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "sim/core/error.h"
#include "workloads/graph/graph.h"

namespace npusim {
namespace {

using ::testing::HasSubstr;

Convolution plainConvolution(std::size_t rank) {
  return {Shape(rank, 1), Shape(rank, 1), Shape(rank, 0), Shape(rank, 0), 1};
}

Shape infer(const Operation& operation, const std::vector<Shape>& inputs,
            const std::vector<ElementStep>& steps = {}) {
  return inferShape(operation, inputs, steps);
}

/// Positions at which a window of `kernel` taps fits, by trying them all.
std::int64_t countWindows(std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                          std::int64_t dilation) {
  std::int64_t count = 0;
  for (std::int64_t start = 0; start < extent; start += stride) {
    if (start + dilation * (kernel - 1) < extent) ++count;
  }
  return count;
}

TEST(ShapeInference, ConvolutionCountsTheWindowsThatFit) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](int least, int most) {
      return std::int64_t{std::uniform_int_distribution<int>(least, most)(random)};
    };
    const std::size_t rank = static_cast<std::size_t>(pick(1, 2));
    Convolution op = plainConvolution(rank);
    op.groups = pick(1, 3);
    Shape x = {pick(1, 3), op.groups * pick(1, 4)};
    Shape w = {op.groups * pick(1, 4), x[1] / op.groups};
    Shape expected = {x[0], w[0]};
    for (std::size_t d = 0; d < rank; ++d) {
      op.strides[d] = pick(1, 3);
      op.dilations[d] = pick(1, 3);
      op.padsBegin[d] = pick(0, 3);
      op.padsEnd[d] = pick(0, 3);
      w.push_back(pick(1, 4));
      x.push_back(op.dilations[d] * (w.back() - 1) + pick(1, 12));
      expected.push_back(countWindows(x.back() + op.padsBegin[d] + op.padsEnd[d], w.back(),
                                      op.strides[d], op.dilations[d]));
    }
    EXPECT_EQ(infer(op, {x, w, {}}), expected) << "seed " << seed;
  }
}

TEST(ShapeInference, MatMulFollowsNumpy) {
  EXPECT_EQ(infer(MatMul{}, {{5, 4}, {4, 3}}), (Shape{5, 3}));
  EXPECT_EQ(infer(MatMul{}, {{2, 1, 5, 4}, {7, 4, 3}}), (Shape{2, 7, 5, 3}));
  EXPECT_EQ(infer(MatMul{}, {{4}, {4, 3}}), (Shape{3}));
  EXPECT_EQ(infer(MatMul{}, {{5, 4}, {4}}), (Shape{5}));
  EXPECT_EQ(infer(MatMul{}, {{4}, {4}}), Shape{});
  EXPECT_EQ(infer(MatMul{true}, {{5, 4}, {3, 4}, {3}}), (Shape{5, 3}));
}

TEST(ShapeInference, OtherOperations) {
  const Pool pool{ReduceOp::Max, {2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}, {3, 3}, false};
  EXPECT_EQ(infer(pool, {{1, 8, 5, 5}}), (Shape{1, 8, 3, 3}));
  EXPECT_EQ(infer(Reduce{ReduceOp::Sum, {0, 2}, true}, {{2, 3, 4}}), (Shape{1, 3, 1}));
  EXPECT_EQ(infer(Reduce{ReduceOp::Sum, {0, 2}, false}, {{2, 3, 4}}), (Shape{3}));
  EXPECT_EQ(infer(Remap{{{}, {-1, 0, 1, 2, -1}}, 0}, {{2, 3}}), (Shape{2, 5}));
  EXPECT_EQ(infer(Reshape{{6, 4}}, {{2, 3, 4}}), (Shape{6, 4}));
  EXPECT_EQ(infer(Transpose{{2, 0, 1}}, {{2, 3, 4}}), (Shape{4, 2, 3}));
  EXPECT_EQ(infer(Concat{1}, {{2, 3}, {2, 1}, {2, 4}}), (Shape{2, 8}));
  EXPECT_EQ(infer(Gather{1}, {{2, 9, 4}, {5, 6}}), (Shape{2, 5, 6, 4}));
  EXPECT_EQ(infer(Gather{0}, {{9}, {}}), Shape{});
}

TEST(ShapeInference, EveryWindowOfAMaxPoolHoldsAValue) {
  for (std::int64_t kernel = 1; kernel <= 3; ++kernel) {
    for (std::int64_t dilation = 1; dilation <= 4; ++dilation) {
      for (std::int64_t pad = 0; pad <= 8; ++pad) {
        for (std::int64_t extent = 1; extent <= 9; ++extent) {
          const Pool pool{ReduceOp::Max, {kernel}, {2}, {dilation}, {pad}, {9}, {6}, false};
          bool holds = true;
          for (std::int64_t out = 0; out < 6; ++out) {
            bool some = false;
            for (std::int64_t tap = 0; tap < kernel; ++tap) {
              const std::int64_t at = 2 * out - pad + tap * dilation;
              some = some || (at >= 0 && at < extent);
            }
            holds = holds && some;
          }
          std::string refusal;
          try {
            infer(pool, {{1, 1, extent}});
          } catch (const BadInput& error) {
            refusal = error.what();
          }
          EXPECT_EQ(refusal.empty(), holds)
              << kernel << " " << dilation << " " << pad << " " << extent << " " << refusal;
        }
      }
    }
  }
}

TEST(ShapeInference, StepsBroadcastOnlyElementwiseResults) {
  const ElementStep add{.op = ElementOp::Add, .operand = 1};
  EXPECT_EQ(infer(Elementwise{}, {{3, 1}, {2, 1, 4}}, {add}), (Shape{2, 3, 4}));
  EXPECT_EQ(infer(Softmax{1}, {{3, 4}, {4}}, {add}), (Shape{3, 4}));
  EXPECT_THROW(infer(Softmax{1}, {{3, 4}, {2, 3, 4}}, {add}), BadInput);
}

TEST(Broadcast, FollowsNumpy) {
  EXPECT_EQ(broadcast({2, 3, 4}, {3, 1}), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast({}, {3}), (Shape{3}));
  EXPECT_THROW(broadcast({2, 3}, {2}), BadInput);
}

struct Misfit {
  Operation operation;
  std::vector<Shape> inputs;
  const char* message;
};

TEST(ShapeInference, SaysWhatDoesNotFit) {
  Convolution twoGroups = plainConvolution(2);
  twoGroups.groups = 2;
  Convolution threeStrides = plainConvolution(2);
  threeStrides.strides.push_back(1);
  Convolution stopped = plainConvolution(2);
  stopped.strides = {0, 1};
  const Convolution plain = plainConvolution(2);
  const Pool farPool{ReduceOp::Max, {2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}, {9, 3}, false};
  const Pool padded{ReduceOp::Max, {1, 2}, {1, 1}, {1, 1}, {0, 2}, {0, 0}, {5, 4}, false};
  const Pool sparse{ReduceOp::Max, {2}, {1}, {4}, {1}, {0}, {1}, false};
  const std::vector<Misfit> misfits = {
      {plain, {{1, 3, 8, 8}, {4, 5, 3, 3}}, "input has 3 channels"},
      {plain, {{1, 3, 8, 8}, {4, 3, 3}}, "same rank"},
      {plain, {{1, 3, 2, 8}, {4, 3, 3, 3}}, "larger than the padded input"},
      {plain, {{1, 3, 8, 8}, {4, 3, 3, 3}, {5}}, "bias is 5, expected 4"},
      {plain, {{1, 3, 8, 8}}, "needs at least 2"},
      {twoGroups, {{1, 4, 8, 8}, {3, 2, 3, 3}}, "do not divide into 2 groups"},
      {threeStrides, {{1, 3, 8, 8}, {4, 3, 3, 3}}, "strides has 3 entries for 2"},
      {stopped, {{1, 3, 8, 8}, {4, 3, 3, 3}}, "strides is 0x1, every entry must be at least 1"},
      {MatMul{}, {{5, 4}, {3, 4}}, "cannot multiply 5x4 with 3x4"},
      {MatMul{}, {{}, {3, 4}}, "no scalars"},
      {farPool, {{1, 8, 5, 5}}, "last window starts outside"},
      {padded,
       {{1, 8, 5, 5}},
       "nothing but padding, which has no maximum: with kernel 1x2 over 5x5"},
      {sparse, {{1, 8, 3}}, "nothing but padding, which has no maximum: with kernel 2 over 3"},
      {Reduce{ReduceOp::Sum, {2}, true}, {{2, 3}}, "axis 2 is outside"},
      {Remap{{{3}}, 0}, {{3}}, "index 3 of dimension 0 is outside 3"},
      {Remap{{{0}}, 0}, {{3, 3}}, "index lists for 1 dimensions"},
      {Reshape{{5}}, {{2, 3}}, "cannot reshape 2x3 to 5"},
      {Transpose{{0, 0}}, {{2, 3}}, "once"},
      {Concat{0}, {{2, 3}, {2, 4}}, "cannot join 2x4 to 2x3 along axis 0"},
      {Softmax{-1}, {{2}}, "axis -1 is outside"},
      {LocalResponseNorm{}, {{2}}, "no channels"},
  };
  for (const Misfit& misfit : misfits) {
    try {
      infer(misfit.operation, misfit.inputs);
      ADD_FAILURE() << "accepted; expected: " << misfit.message;
    } catch (const BadInput& error) {
      EXPECT_THAT(error.what(), HasSubstr(misfit.message));
    }
  }
}

}  // namespace
}  // namespace npusim
