#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace npusim {

/// Element types of tensors, in storage and in operands.
enum class DataType : std::uint8_t {
  Float32,
  Float16,
  BFloat16,
  Float64,
  Int8,
  UInt8,
  Int16,
  UInt16,
  Int32,
  UInt32,
  Int64,
  UInt64,
  Bool,
};

/// Size of one element in bytes.
int byteSize(DataType type);

/// Short name as used on the command line and in results: fp32, fp16, bf16, int8, ...
std::string_view name(DataType type);

/// Inverse of name(); empty for an unknown name.
std::optional<DataType> parseDataType(std::string_view text);

bool isFloat(DataType type);
bool isInteger(DataType type);  ///< signed or unsigned integers; Bool is neither

/// IEEE 754 binary16 <-> binary32; narrowing rounds to nearest, ties to even.
float halfToFloat(std::uint16_t half);
std::uint16_t floatToHalf(float value);

/// bfloat16 <-> binary32; narrowing rounds to nearest, ties to even.
float bfloat16ToFloat(std::uint16_t bits);
std::uint16_t floatToBfloat16(float value);

}  // namespace npusim
