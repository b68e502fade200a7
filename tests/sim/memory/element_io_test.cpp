#include "sim/memory/element_io.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/tensor.h"

namespace npusim {
namespace {

std::vector<float> awkwardFloats() {
  std::vector<float> values = {0.0F,
                               -0.0F,
                               65504.0F,
                               65519.9F,
                               65520.0F,
                               1e30F,
                               -1e30F,
                               6e-8F,
                               2.9e-8F,
                               2.99e-8F,
                               3e-8F,
                               6.1e-5F,
                               1e-40F,
                               0.1F,
                               2049.0F,
                               2051.0F,
                               std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN()};
  std::mt19937 random(3);
  for (int i = 0; i < 200000; ++i) {
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  }
  return values;
}

TEST(ElementIo, AllHalvesWidenAsInCore) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  std::vector<float> widened(halves.size());
  for (const DataType type : {DataType::Float16, DataType::BFloat16}) {
    readElements(type, reinterpret_cast<const std::byte*>(halves.data()), 2, 65536, widened.data());
    for (std::size_t i = 0; i < halves.size(); ++i) {
      const float expected =
          type == DataType::Float16 ? halfToFloat(halves[i]) : bfloat16ToFloat(halves[i]);
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(widened[i])) << i;
      } else {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(widened[i]), std::bit_cast<std::uint32_t>(expected))
            << i;
      }
    }
  }
}

TEST(ElementIo, FloatsNarrowAsInCore) {
  const std::vector<float> values = awkwardFloats();
  std::vector<std::uint16_t> narrow(values.size());
  for (const DataType type : {DataType::Float16, DataType::BFloat16}) {
    writeFloats(type, values.data(), std::ssize(values),
                reinterpret_cast<std::byte*>(narrow.data()), 2);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) continue;
      const std::uint16_t expected =
          type == DataType::Float16 ? floatToHalf(values[i]) : floatToBfloat16(values[i]);
      ASSERT_EQ(narrow[i], expected) << name(type) << " of " << values[i];
    }
  }
}

template <typename T>
void expectQuantized(DataType type, float scale, std::int32_t zeroPoint) {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> spread(-400 * scale, 400 * scale);
  std::vector<float> values = {0.5F * scale, 1.5F * scale, -0.5F * scale,
                               2.5F * scale, 1e30F,        -1e30F};
  for (int i = 0; i < 5000; ++i) values.push_back(spread(random));
  std::vector<T> written(values.size());
  writeQuantized(type, values.data(), std::ssize(values), scale, zeroPoint,
                 reinterpret_cast<std::byte*>(written.data()), sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double level = static_cast<double>(std::nearbyint(values[i] / scale)) + zeroPoint;
    const double expected = std::clamp(level, static_cast<double>(std::numeric_limits<T>::min()),
                                       static_cast<double>(std::numeric_limits<T>::max()));
    ASSERT_EQ(static_cast<double>(written[i]), expected) << values[i] << " / " << scale;
  }
}

TEST(ElementIo, QuantizesHalfToEvenAndSaturates) {
  expectQuantized<std::int8_t>(DataType::Int8, 0.0371F, -5);
  expectQuantized<std::uint8_t>(DataType::UInt8, 1.0F, 128);
  expectQuantized<std::int16_t>(DataType::Int16, 0.001F, 0);
  expectQuantized<std::uint16_t>(DataType::UInt16, 3.0F, 65535);
  expectQuantized<std::int32_t>(DataType::Int32, 0.25F, 7);
}

TEST(ElementIo, NotANumberBecomesTheZeroPoint) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::int8_t level = 0;
  writeQuantized(DataType::Int8, &nan, 1, 0.5F, 3, reinterpret_cast<std::byte*>(&level), 1);
  EXPECT_EQ(level, 3);
}

TEST(ElementIo, StridesReachEveryElement) {
  const std::array<std::int16_t, 6> stored = {1, 2, 3, 4, 5, 6};
  const auto* bytes = reinterpret_cast<const std::byte*>(stored.data());
  std::array<std::int64_t, 3> read{};
  readElements(DataType::Int16, bytes, 4, 3, read.data());
  EXPECT_EQ(read, (std::array<std::int64_t, 3>{1, 3, 5}));
  readElements(DataType::Int16, bytes + 10, -2, 3, read.data());
  EXPECT_EQ(read, (std::array<std::int64_t, 3>{6, 5, 4}));
  readElements(DataType::Int16, bytes + 2, 0, 3, read.data());
  EXPECT_EQ(read, (std::array<std::int64_t, 3>{2, 2, 2}));
}

TEST(ElementIo, IntegersSaturateWhenNarrowAndWrapWhenWide) {
  const std::int64_t value = (std::int64_t{1} << 33) + 5;
  std::int8_t narrow = 0;
  std::int32_t wide = 0;
  std::uint8_t truth = 0;
  writeIntegers(DataType::Int8, &value, 1, reinterpret_cast<std::byte*>(&narrow), 1);
  writeIntegers(DataType::Int32, &value, 1, reinterpret_cast<std::byte*>(&wide), 4);
  writeIntegers(DataType::Bool, &value, 1, reinterpret_cast<std::byte*>(&truth), 1);
  EXPECT_EQ(narrow, 127);
  EXPECT_EQ(wide, 5);
  EXPECT_EQ(truth, 1);
}

TEST(ElementIo, RefusesTheWrongKind) {
  float x = 0;
  std::byte target[8];
  EXPECT_THROW(writeFloats(DataType::Int8, &x, 1, target, 1), InternalError);
  EXPECT_THROW(writeQuantized(DataType::Float32, &x, 1, 1, 0, target, 4), InternalError);
}

}  // namespace
}  // namespace npusim
