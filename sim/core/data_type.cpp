#include "sim/core/data_type.h"

#include <array>
#include <bit>

#include "sim/core/error.h"

namespace npusim {
namespace {

enum class Family : std::uint8_t { Float, Integer, Logical };

struct TypeInfo {
  std::string_view name;
  int bytes;
  Family family;
};

/// One row a type, in the order of DataType.
constexpr std::array<TypeInfo, 13> kTypes = {{
    {"fp32", 4, Family::Float},
    {"fp16", 2, Family::Float},
    {"bf16", 2, Family::Float},
    {"fp64", 8, Family::Float},
    {"int8", 1, Family::Integer},
    {"uint8", 1, Family::Integer},
    {"int16", 2, Family::Integer},
    {"uint16", 2, Family::Integer},
    {"int32", 4, Family::Integer},
    {"uint32", 4, Family::Integer},
    {"int64", 8, Family::Integer},
    {"uint64", 8, Family::Integer},
    {"bool", 1, Family::Logical},
}};

const TypeInfo& info(DataType type) { return kTypes.at(static_cast<std::size_t>(type)); }

}  // namespace

int byteSize(DataType type) { return info(type).bytes; }
std::string_view name(DataType type) { return info(type).name; }
bool isFloat(DataType type) { return info(type).family == Family::Float; }
bool isInteger(DataType type) { return info(type).family == Family::Integer; }

std::optional<DataType> parseDataType(std::string_view text) {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name == text) return static_cast<DataType>(i);
  }
  return std::nullopt;
}

float halfToFloat(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fu;
  const std::uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {  // zero or subnormal: fraction x 2^-24, exact in binary32
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

std::uint16_t floatToHalf(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);   // NaN
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // rounds to inf
  if (magnitude < 0x38800000u) {
    // Subnormal half: adding 0.5 aligns the fraction to units of 2^-24 with the right rounding.
    const float aligned = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(aligned) & 0xffffu));
  }
  const std::uint32_t odd = (magnitude >> 13) & 1u;
  const std::uint32_t rounded = magnitude + 0xfffu + odd - (112u << 23);
  return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

float bfloat16ToFloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::uint16_t floatToBfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace npusim
