#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/core/data_type.h"

namespace npusim {

/// Reads `count` elements of `type`, `strideBytes` apart, converting each once: floats widen
/// exactly, 32- and 64-bit integers round to nearest even, Bool is 0 or 1.
void readElements(DataType type, const std::byte* source, std::int64_t strideBytes,
                  std::int64_t count, float* target);
/// The same as int32 (integer types of up to 32 bits).
void readElements(DataType type, const std::byte* source, std::int64_t strideBytes,
                  std::int64_t count, std::int32_t* target);
/// The same as int64 (integer types and Bool).
void readElements(DataType type, const std::byte* source, std::int64_t strideBytes,
                  std::int64_t count, std::int64_t* target);

/// The same as fp64: only integers of 64 bits may round.
void readElements(DataType type, const std::byte* source, std::int64_t strideBytes,
                  std::int64_t count, double* target);
/// The same as uint64: what readElements() gives as int64, modulo 2^64.
void readElements(DataType type, const std::byte* source, std::int64_t strideBytes,
                  std::int64_t count, std::uint64_t* target);

/// Writes fp32 values as a floating-point `type`, rounding to nearest even.
void writeFloats(DataType type, const float* source, std::int64_t count, std::byte* target,
                 std::int64_t strideBytes);

/// Writes fp64 values as any type: to narrower floats each rounds once to nearest even, integers
/// take the nearest whole number, saturating, and 0 for NaN; Bool is x != 0.
void writeDoubles(DataType type, const double* source, std::int64_t count, std::byte* target,
                  std::int64_t strideBytes);

/// Writes saturate(rne(x / scale) + zeroPoint) as an integer `type`; NaN becomes the zero point.
/// Bool is written as x != 0.
void writeQuantized(DataType type, const float* source, std::int64_t count, float scale,
                    std::int32_t zeroPoint, std::byte* target, std::int64_t strideBytes);

/// Writes int64 or uint64 values as an integer `type`: 8 and 16 bits saturate, 32 and 64 bits keep
/// the low bits; Bool is x != 0.
void writeIntegers(DataType type, const std::int64_t* source, std::int64_t count, std::byte* target,
                   std::int64_t strideBytes);
void writeIntegers(DataType type, const std::uint64_t* source, std::int64_t count,
                   std::byte* target, std::int64_t strideBytes);

}  // namespace npusim
