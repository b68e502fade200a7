#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workloads/evaluate/support.h"

namespace npusim {
namespace {

using testing::ElementsAre;
using testing_support::floats;
using testing_support::OneNode;
using testing_support::Random;
using testing_support::tensorOf;
using testing_support::values;

TEST(Remap, SlicesPadsAndRepeats) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor y = OneNode().input(x).evaluate(Remap{{{1, 0, -1}, {2, -1, 0, 0}}, 9});
  EXPECT_EQ(y.shape(), (Shape{3, 4}));
  EXPECT_THAT(values<float>(y), ElementsAre(6, 9, 4, 4, 3, 9, 1, 1, 9, 9, 9, 9));
  const Tensor same = OneNode().input(x).evaluate(Remap{{{}, {}}, 0});
  EXPECT_EQ(values<float>(same), values<float>(x));
}

TEST(Remap, QuantisedFillIsReal) {
  const Quantization q{{0.5f}, 4, 0};
  const Tensor x = tensorOf<std::int8_t>(DataType::Int8, {1}, {7});
  const Tensor y =
      OneNode().input(x, q).output(DataType::Int8, q).evaluate(Remap{{{-1, 0, -1}}, 1.0f});
  EXPECT_THAT(values<std::int8_t>(y), ElementsAre(6, 7, 6));
}

TEST(Transpose, InverseRestores) {
  Random random(3);
  const Tensor x = random.tensor(DataType::Float32, {2, 3, 4, 5});
  const Tensor y = OneNode().input(x).evaluate(Transpose{{2, 0, 3, 1}});
  EXPECT_EQ(y.shape(), (Shape{4, 2, 5, 3}));
  EXPECT_EQ(y.at(((3 * 2 + 1) * 5 + 4) * 3 + 2), x.at(((1 * 3 + 2) * 4 + 3) * 5 + 4));
  const Tensor back = OneNode().input(y).evaluate(Transpose{{1, 3, 0, 2}});
  EXPECT_EQ(values<float>(back), values<float>(x));
}

TEST(Concat, JoinsAlongTheAxisAndKeepsLongIntegers) {
  const Tensor a = floats({2, 1}, {1, 2}), b = floats({2, 2}, {3, 4, 5, 6});
  const Tensor y = OneNode().input(a).input(b).evaluate(Concat{1});
  EXPECT_THAT(values<float>(y), ElementsAre(1, 3, 4, 2, 5, 6));
  const std::int64_t big = (std::int64_t{1} << 60) + 1;
  const Tensor z = OneNode().input(int64Tensor({big})).input(int64Tensor({2})).evaluate(Concat{0});
  EXPECT_THAT(values<std::int64_t>(z), ElementsAre(big, 2));
}

TEST(Concat, RequantisesPartsOfDifferentScale) {
  const Quantization fine{{0.25f}, 0, 0}, coarse{{1.0f}, 3, 0};
  const Tensor y = OneNode()
                       .input(tensorOf<std::int8_t>(DataType::Int8, {1}, {6}), fine)
                       .input(tensorOf<std::int8_t>(DataType::Int8, {1}, {5}), coarse)
                       .output(DataType::Int8, coarse)
                       .evaluate(Concat{0});
  EXPECT_THAT(values<std::int8_t>(y), ElementsAre(5, 5)) << "1.5 rounds to 2, plus 3";
}

TEST(Reshape, KeepsOrderAndType) {
  const Tensor y = OneNode().input(int64Tensor({1, 2, 3, 4})).evaluate(Reshape{{2, 2}});
  EXPECT_EQ(y.shape(), (Shape{2, 2}));
  EXPECT_THAT(values<std::int64_t>(y), ElementsAre(1, 2, 3, 4));
}

TEST(Gather, CountsNegativeIndicesFromTheEnd) {
  const Tensor data = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor indices = int64Tensor({-1, 0}).reshaped({1, 2});
  const Tensor y = OneNode().input(data).input(indices).evaluate(Gather{1});
  EXPECT_EQ(y.shape(), (Shape{2, 1, 2}));
  EXPECT_THAT(values<float>(y), ElementsAre(3, 1, 6, 4));
}

TEST(Gather, RefusesIndicesOutsideTheAxis) {
  try {
    OneNode().input(floats({3}, {1, 2, 3})).input(int64Tensor({3})).evaluate(Gather{0});
    FAIL() << "took index 3 of 3";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(),
                 "node 'node' (Test): Gather index 3 is outside the axis of length 3");
  }
}

}  // namespace
}  // namespace npusim
