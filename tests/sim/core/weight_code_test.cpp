#include "sim/core/weight_code.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sim/core/error.h"
#include "sim/core/rounding.h"
#include "sim/core/tensor.h"

namespace npusim {
namespace {

struct Sample {
  WeightCode code;
  Tensor values, scales, zeros;
};

/// Values that the format of `code` holds exactly.
Sample sampleOf(WeightCode code, std::mt19937& random) {
  const auto number = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  code.values = code.rows * code.columns * number(1, 3);
  const DataType integers = byteSize(code.type) == 2 ? DataType::Int16 : DataType::Int32;
  Sample s{code, Tensor(code.type, {code.values}), Tensor(code.type, {code.values}),
           Tensor(integers, {code.values})};
  const int half = 1 << (code.bits - 1);
  for (std::int64_t v = 0; v < code.values; ++v) {
    const std::int64_t tile = v / (code.rows * code.columns);
    const std::int64_t group = v / code.columns % code.rows / code.rowsPerScale;
    const auto which = static_cast<int>(tile * 7 + group * 3 + v % code.columns);
    const int zero = code.zeroPoints ? which % 5 - 2 : 0;
    s.scales.set(v, std::ldexp(1 + which % 3, -which % 4));
    s.zeros.set(v, zero);
    if (isScaled(code.format)) {
      s.values.set(v, (number(-half, half - 1) - zero) * s.scales.at(v));
    } else if (code.format == WeightFormat::Palette) {
      s.values.set(v, number(0, (1 << code.bits) - 1) * 0.25 - 3);
    } else {
      s.values.set(v, number(0, 2) == 0 ? number(1, 9) : 0);
    }
  }
  return s;
}

std::vector<std::byte> encoded(Sample& s) {
  const bool scaled = isScaled(s.code.format);
  return encodeWeights(s.code, s.values.bytes(), scaled ? s.scales.bytes() : std::span<std::byte>(),
                       s.code.zeroPoints ? s.zeros.bytes() : std::span<std::byte>());
}

std::vector<WeightCode> randomCodes(std::mt19937& random) {
  std::vector<WeightCode> codes;
  const auto number = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  for (const auto& [word, format] : kWeightFormatWords) {
    WeightCode code;
    code.format = format;
    code.bits = format == WeightFormat::Int8      ? 8
                : format == WeightFormat::Int4    ? 4
                : format == WeightFormat::Palette ? number(2, 8)
                                                  : 1;
    code.type = number(0, 1) == 0 ? DataType::Float16 : DataType::Float32;
    code.columns = number(1, 21);
    code.rows = number(1, 40);
    code.rowsPerScale = isScaled(format) ? number(1, static_cast<int>(code.rows)) : 1;
    code.zeroPoints = isScaled(format) && number(0, 1) == 1;
    codes.push_back(code);
  }
  return codes;
}

TEST(WeightCode, DecodesWhatItEncoded) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (const WeightCode& code : randomCodes(random)) {
      SCOPED_TRACE(name(code.format));
      Sample s = sampleOf(code, random);
      const std::vector<std::byte> bytes = encoded(s);
      ASSERT_EQ(std::ssize(bytes), s.code.bytes());
      const WeightDecoder decoder(s.code, bytes);
      const auto first = static_cast<std::int64_t>(random() % static_cast<unsigned>(s.code.values));
      Tensor part(s.code.type, {s.code.values - first});
      decoder.decode(bytes.data(), first, s.code.values, part.bytes().data());
      for (std::int64_t v = first; v < s.code.values; ++v) {
        ASSERT_EQ(part.at(v - first), s.values.at(v)) << "value " << v;
      }
    }
  }
}

TEST(WeightCode, BytesOfPartsCoverAllBytes) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (const WeightCode& code : randomCodes(random)) {
      Sample s = sampleOf(code, random);
      const std::vector<std::byte> bytes = encoded(s);
      const WeightDecoder decoder(s.code, bytes);
      const WeightDecoder::Bytes all = decoder.codes(0, s.code.values);
      EXPECT_EQ(all.first, s.code.parameterBytes());
      EXPECT_EQ(all.end, s.code.bytes());
      const WeightDecoder::Bytes parameters = decoder.parameters(0, s.code.values);
      EXPECT_EQ(parameters.first, 0);
      EXPECT_LE(parameters.end, s.code.parameterBytes());
      EXPECT_EQ(roundUp(parameters.end, WeightCode::kAlignment), s.code.parameterBytes());
    }
  }
}

TEST(WeightCode, SizesAreThoseOfTheFormat) {
  WeightCode code{.format = WeightFormat::Int4, .bits = 4, .values = 64 * 32, .columns = 32};
  code.rows = 64;
  code.rowsPerScale = 32;
  EXPECT_EQ(code.bytes(), 2 * 32 * 2 + 64 * 32 / 2);
  code = {.format = WeightFormat::Palette, .bits = 6, .values = 1024};
  EXPECT_EQ(code.bytes(), 64 * 2 + 1024 * 6 / 8);
  code = {.format = WeightFormat::Pruned, .bits = 1, .values = 1024};
  code.kept = 256;
  EXPECT_EQ(code.bytes(), 1024 / 8 + 256 * 2);
}

TEST(WeightCode, ValuesThatTheFormatDoesNotHoldAreNotEncoded) {
  Tensor values(DataType::Float16, {4}), scales(DataType::Float16, {4});
  for (std::int64_t v = 0; v < 4; ++v) {
    values.set(v, static_cast<double>(v));
    scales.set(v, 1);
  }
  WeightCode code{.format = WeightFormat::Int8, .bits = 8, .values = 4, .columns = 1, .rows = 4};
  code.rowsPerScale = 4;
  EXPECT_FALSE(encodeWeights(code, values.bytes(), scales.bytes(), {}).empty());
  scales.set(2, 0.5);
  EXPECT_TRUE(encodeWeights(code, values.bytes(), scales.bytes(), {}).empty());
  scales.set(2, 1);
  values.set(3, 1.5);
  EXPECT_TRUE(encodeWeights(code, values.bytes(), scales.bytes(), {}).empty());
  values = Tensor(DataType::Float16, {5});
  for (std::int64_t v = 0; v < 5; ++v) values.set(v, static_cast<double>(v));
  code = {.format = WeightFormat::Palette, .bits = 2, .values = 5};
  EXPECT_TRUE(encodeWeights(code, values.bytes(), {}, {}).empty());
}

TEST(WeightCode, RefusesBytesThatAreNotWhatTheCodeSays) {
  WeightCode code{.format = WeightFormat::Pruned, .bits = 1, .values = 128};
  Tensor values(DataType::Float16, {128});
  values.set(5, 1);
  std::vector<std::byte> bytes = encodeWeights(code, values.bytes(), {}, {});
  ASSERT_EQ(code.kept, 1);
  bytes.pop_back();
  EXPECT_THROW(WeightDecoder(code, bytes), BadInput);
}

}  // namespace
}  // namespace npusim
