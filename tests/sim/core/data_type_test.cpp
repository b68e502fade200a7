#include "sim/core/data_type.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace npusim {
namespace {

TEST(DataType, EveryNameParsesBack) {
  for (int i = 0; i <= static_cast<int>(DataType::Bool); ++i) {
    const auto type = static_cast<DataType>(i);
    EXPECT_EQ(parseDataType(name(type)), type) << name(type);
  }
  EXPECT_EQ(parseDataType("float"), std::nullopt);
}

TEST(Half, EveryPatternRoundTrips) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = halfToFloat(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(halfToFloat(floatToHalf(value))));
    } else {
      EXPECT_EQ(floatToHalf(value), half) << bits;
    }
  }
}

/// The nearest half to `value` by search over all of them, ties to the even pattern.
std::uint16_t nearestHalf(float value) {
  std::uint16_t best = 0;
  double bestDistance = std::numeric_limits<double>::infinity();
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const double distance = std::abs(static_cast<double>(halfToFloat(half)) - value);
    const bool tieToEven = distance == bestDistance && bits % 2 == 0;
    if (distance < bestDistance || tieToEven) {
      best = half;
      bestDistance = distance;
    }
  }
  return best;
}

TEST(Half, RoundsToNearestEven) {
  std::uint32_t state = 12345;
  for (int i = 0; i < 300; ++i) {
    state = state * 1664525u + 1013904223u;
    const int exponent = static_cast<int>(state >> 27) - 28;
    const float value =
        std::ldexp(1.0F + static_cast<float>(state & 0xffffffu) * 0x1p-24F, exponent);
    if (value >= 65520.0F) continue;
    EXPECT_EQ(floatToHalf(value), nearestHalf(value)) << value;
  }
  EXPECT_EQ(floatToHalf(1.0F + 0x1p-11F), floatToHalf(1.0F));          // tie, down to even
  EXPECT_EQ(floatToHalf(1.0F + 3 * 0x1p-11F), floatToHalf(1.0F) + 2);  // tie, up to even
  EXPECT_EQ(floatToHalf(65520.0F), 0x7c00);                            // to infinity
  EXPECT_EQ(floatToHalf(65519.9F), 0x7bff);
  EXPECT_EQ(floatToHalf(0x1p-25F), 0);  // half a subnormal
}

TEST(Bfloat16, RoundsToNearestEven) {
  EXPECT_EQ(floatToBfloat16(1.0F), 0x3f80);
  EXPECT_EQ(floatToBfloat16(1.0F + 0x1p-8F), 0x3f80);
  EXPECT_EQ(floatToBfloat16(1.0F + 3 * 0x1p-8F), 0x3f82);
  EXPECT_EQ(bfloat16ToFloat(floatToBfloat16(-2.5F)), -2.5F);
  EXPECT_TRUE(std::isnan(bfloat16ToFloat(floatToBfloat16(std::nanf("")))));
}

}  // namespace
}  // namespace npusim
