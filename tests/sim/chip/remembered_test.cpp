#include "sim/chip/remembered.h"

#include <gtest/gtest.h>

namespace npusim {
namespace {

class RememberedSums : public testing::Test {
 protected:
  std::int64_t sum(const isa::Instruction& instruction, std::int64_t a, std::int64_t b) {
    return sums_.of(instruction, {a, b}, [&] {
      ++computed_;
      return a + b;
    });
  }

  Remembered<std::int64_t> sums_;
  int computed_ = 0;
  isa::Instruction first_, second_;
};

TEST_F(RememberedSums, AreComputedOnceForNumbersThatComeByTurns) {
  for (std::int64_t i = 0; i < 20; ++i) EXPECT_EQ(sum(first_, i % 3, 1), i % 3 + 1);
  EXPECT_EQ(computed_, 3);
}

TEST_F(RememberedSums, AreComputedForEachInstruction) {
  EXPECT_EQ(sum(first_, 1, 2), 3);
  EXPECT_EQ(sum(second_, 1, 2), 3);
  EXPECT_EQ(computed_, 2);
}

TEST_F(RememberedSums, AreRightWhenTheyWereForgotten) {
  for (std::int64_t i = 0; i < 60; ++i) EXPECT_EQ(sum(first_, i % 20, i), i % 20 + i);
  EXPECT_EQ(computed_, 60);
}

}  // namespace
}  // namespace npusim
