#include "sim/memory/element_io.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "sim/core/error.h"

namespace npusim {
namespace {

// Element formats whose storage is not a C++ arithmetic type. The conversions are free of branches
// so that loops over them vectorise; tests hold them equal to those of sim/core.
struct Half {
  std::uint16_t bits;
};
struct Bfloat16 {
  std::uint16_t bits;
};
struct Boolean {
  std::uint8_t byte;
};

[[gnu::always_inline]] inline float toFloat(Half half) {
  const std::uint32_t magnitude = half.bits & 0x7FFFU;
  const std::uint32_t scaled =
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112F);
  const std::uint32_t special = magnitude >= 0x7C00U ? 0x7F800000U : 0U;
  return std::bit_cast<float>(scaled | special | (half.bits & 0x8000U) << 16);
}

[[gnu::always_inline]] inline Half toHalf(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t doubled = bits << 1;
  const std::uint32_t bias = std::max(doubled & 0xFF000000U, 0x71000000U);
  // Two scalings bring overflow to infinity; adding 2^(exponent + 13) rounds at the tenth bit.
  const float magnitude = std::bit_cast<float>(bits & 0x7FFFFFFFU) * 0x1p112F * 0x1p-110F;
  const float rounded = std::bit_cast<float>((bias >> 1) + 0x07800000U) + magnitude;
  const std::uint32_t sum = std::bit_cast<std::uint32_t>(rounded);
  const std::uint32_t number = ((sum >> 13) & 0x7C00U) + (sum & 0x0FFFU);
  const std::uint32_t unsignedBits = doubled > 0xFF000000U ? 0x7E00U : number;
  return {static_cast<std::uint16_t>(unsignedBits | (bits & 0x80000000U) >> 16)};
}

[[gnu::always_inline]] inline Bfloat16 toBfloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const std::uint32_t quiet = (bits >> 16) | 0x40U;
  const bool isNan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  return {static_cast<std::uint16_t>(isNan ? quiet : rounded)};
}

template <typename To, typename From>
[[gnu::always_inline]] inline To convertElement(From value) {
  if constexpr (std::is_same_v<From, Half>) {
    return static_cast<To>(toFloat(value));
  } else if constexpr (std::is_same_v<From, Bfloat16>) {
    return static_cast<To>(std::bit_cast<float>(std::uint32_t{value.bits} << 16));
  } else if constexpr (std::is_same_v<From, Boolean>) {
    return static_cast<To>(value.byte != 0);
  } else {
    return static_cast<To>(value);
  }
}

/// Calls `use` with a value of the C++ type that stores `type`.
template <typename Use>
[[gnu::always_inline]] inline void withStored(DataType type, Use&& use) {
  switch (type) {
    case DataType::Float32:
      return use(float{});
    case DataType::Float16:
      return use(Half{});
    case DataType::BFloat16:
      return use(Bfloat16{});
    case DataType::Float64:
      return use(double{});
    case DataType::Int8:
      return use(std::int8_t{});
    case DataType::UInt8:
      return use(std::uint8_t{});
    case DataType::Int16:
      return use(std::int16_t{});
    case DataType::UInt16:
      return use(std::uint16_t{});
    case DataType::Int32:
      return use(std::int32_t{});
    case DataType::UInt32:
      return use(std::uint32_t{});
    case DataType::Int64:
      return use(std::int64_t{});
    case DataType::UInt64:
      return use(std::uint64_t{});
    case DataType::Bool:
      return use(Boolean{});
  }
}

template <typename From, typename To>
[[gnu::always_inline]] inline void readRun(const std::byte* source, std::int64_t stride,
                                           std::int64_t count, To* target) {
  const auto load = [source](std::int64_t offset) {
    From stored;
    std::memcpy(&stored, source + offset, sizeof(From));
    return convertElement<To>(stored);
  };
  constexpr auto kWidth = static_cast<std::int64_t>(sizeof(From));
  if (stride == kWidth) {
    for (std::int64_t i = 0; i < count; ++i) target[i] = load(i * kWidth);
  } else if (stride == 0) {
    if (count > 0) std::fill_n(target, count, load(0));
  } else {
    for (std::int64_t i = 0; i < count; ++i) target[i] = load(i * stride);
  }
}

template <typename To>
[[gnu::always_inline]] inline void readAs(DataType type, const std::byte* source,
                                          std::int64_t stride, std::int64_t count, To* target) {
  withStored(type, [&](auto tag) { readRun<decltype(tag)>(source, stride, count, target); });
}

/// Stores narrow(source[i]) for every i.
template <typename From, typename Narrow>
[[gnu::always_inline]] inline void writeRun(const From* source, std::int64_t count,
                                            std::byte* target, std::int64_t stride, Narrow narrow) {
  using To = decltype(narrow(*source));
  constexpr auto kWidth = static_cast<std::int64_t>(sizeof(To));
  const auto store = [&](std::int64_t i, std::int64_t offset) {
    const To value = narrow(source[i]);
    std::memcpy(target + offset, &value, sizeof(To));
  };
  if (stride == kWidth) {
    for (std::int64_t i = 0; i < count; ++i) store(i, i * kWidth);
  } else {
    for (std::int64_t i = 0; i < count; ++i) store(i, i * stride);
  }
}

/// saturate(rne(x / scale) + zeroPoint) for integers of up to 16 bits. Clamping first leaves a
/// magnitude below 2^22, where adding and subtracting 1.5 x 2^23 rounds to nearest even.
template <typename To>
[[gnu::always_inline]] inline To quantizeSmall(float x, float scale, std::int32_t zeroPoint) {
  using Limits = std::numeric_limits<To>;
  constexpr float kRounder = 0x1.8p23F;
  const auto low = static_cast<float>(Limits::min() - zeroPoint);
  const auto high = static_cast<float>(Limits::max() - zeroPoint);
  float q = x / scale;
  q = q == q ? q : 0;
  q = q > low ? q : low;
  q = q < high ? q : high;
  q = (q + kRounder) - kRounder;
  return static_cast<To>(static_cast<std::int32_t>(q) + zeroPoint);
}

/// Saturates to 8 and 16 bits; wider integers keep the low bits, as integer arithmetic does.
template <typename To, typename From>
To narrowInteger(From value) {
  using Limits = std::numeric_limits<To>;
  if constexpr (sizeof(To) > 2) {
    return static_cast<To>(value);
  } else {
    if (std::cmp_greater(value, Limits::max())) return Limits::max();
    return std::cmp_less(value, Limits::min()) ? Limits::min() : static_cast<To>(value);
  }
}

/// To fp32 so that rounding the result once more, to fewer bits, is as good as rounding `x` once:
/// what is inexact gets an odd last bit.
float roundToOdd(double x) {
  const auto nearest = static_cast<float>(x);
  const bool even = (std::bit_cast<std::uint32_t>(nearest) & 1U) == 0;
  const auto back = static_cast<double>(nearest);
  if (back == x || !even || !std::isfinite(x)) return nearest;
  return std::nextafter(nearest, back < x ? HUGE_VALF : -HUGE_VALF);
}

/// The nearest whole number, saturating; 0 for NaN.
template <typename To>
To wholeNumber(double x) {
  using Limits = std::numeric_limits<To>;
  const double q = std::nearbyint(x);
  if (std::isnan(q)) return 0;
  if (q <= static_cast<double>(Limits::min())) return Limits::min();
  return q >= static_cast<double>(Limits::max()) ? Limits::max() : static_cast<To>(q);
}

template <typename To>
To saturateWide(std::int64_t value) {
  using Limits = std::numeric_limits<To>;
  if constexpr (std::is_same_v<To, std::uint64_t>) {
    return static_cast<To>(std::max<std::int64_t>(value, 0));
  } else {
    return static_cast<To>(std::clamp<std::int64_t>(value, Limits::min(), Limits::max()));
  }
}

template <typename To>
To quantizeWide(float x, float scale, std::int32_t zeroPoint) {
  constexpr double kLimit = 0x1p62;
  const double q = std::nearbyint(static_cast<double>(x / scale));
  const double level = std::isnan(q) ? 0 : std::clamp(q, -kLimit, kLimit);
  return saturateWide<To>(static_cast<std::int64_t>(level) + zeroPoint);
}

}  // namespace

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void readElements(
    DataType type, const std::byte* source, std::int64_t strideBytes, std::int64_t count,
    float* target) {
  readAs(type, source, strideBytes, count, target);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void readElements(
    DataType type, const std::byte* source, std::int64_t strideBytes, std::int64_t count,
    std::int32_t* target) {
  readAs(type, source, strideBytes, count, target);
}

void readElements(DataType type, const std::byte* source, std::int64_t strideBytes,
                  std::int64_t count, std::int64_t* target) {
  readAs(type, source, strideBytes, count, target);
}

void readElements(DataType type, const std::byte* source, std::int64_t strideBytes,
                  std::int64_t count, double* target) {
  readAs(type, source, strideBytes, count, target);
}

void readElements(DataType type, const std::byte* source, std::int64_t strideBytes,
                  std::int64_t count, std::uint64_t* target) {
  readAs(type, source, strideBytes, count, target);
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void writeFloats(
    DataType type, const float* source, std::int64_t count, std::byte* target,
    std::int64_t strideBytes) {
  const auto write = [&](auto narrow) { writeRun(source, count, target, strideBytes, narrow); };
  switch (type) {
    case DataType::Float32:
      return write([](float x) { return x; });
    case DataType::Float16:
      return write([](float x) { return toHalf(x); });
    case DataType::BFloat16:
      return write([](float x) { return toBfloat16(x); });
    case DataType::Float64:
      return write([](float x) { return static_cast<double>(x); });
    default:
      throw InternalError("floats written as an integer type");
  }
}

[[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]] void writeQuantized(
    DataType type, const float* source, std::int64_t count, float scale, std::int32_t zeroPoint,
    std::byte* target, std::int64_t strideBytes) {
  withStored(type, [&](auto tag) {
    using To = decltype(tag);
    if constexpr (std::is_same_v<To, Boolean>) {
      writeRun(source, count, target, strideBytes, [](float x) { return Boolean{x != 0}; });
    } else if constexpr (std::is_integral_v<To> && sizeof(To) <= 2) {
      writeRun(source, count, target, strideBytes,
               [=](float x) { return quantizeSmall<To>(x, scale, zeroPoint); });
    } else if constexpr (std::is_integral_v<To>) {
      writeRun(source, count, target, strideBytes,
               [=](float x) { return quantizeWide<To>(x, scale, zeroPoint); });
    } else {
      throw InternalError("a floating-point type is not quantised");
    }
  });
}

void writeDoubles(DataType type, const double* source, std::int64_t count, std::byte* target,
                  std::int64_t strideBytes) {
  const auto write = [&](auto narrow) { writeRun(source, count, target, strideBytes, narrow); };
  withStored(type, [&](auto tag) {
    using To = decltype(tag);
    if constexpr (std::is_same_v<To, Half>) {
      write([](double x) { return toHalf(roundToOdd(x)); });
    } else if constexpr (std::is_same_v<To, Bfloat16>) {
      write([](double x) { return toBfloat16(roundToOdd(x)); });
    } else if constexpr (std::is_same_v<To, Boolean>) {
      write([](double x) { return Boolean{x != 0}; });
    } else if constexpr (std::is_integral_v<To>) {
      write([](double x) { return wholeNumber<To>(x); });
    } else {
      write([](double x) { return static_cast<To>(x); });
    }
  });
}

namespace {

template <typename From>
void writeWhole(DataType type, const From* source, std::int64_t count, std::byte* target,
                std::int64_t strideBytes) {
  withStored(type, [&](auto tag) {
    using To = decltype(tag);
    if constexpr (std::is_same_v<To, Boolean>) {
      writeRun(source, count, target, strideBytes, [](From x) { return Boolean{x != 0}; });
    } else if constexpr (std::is_integral_v<To>) {
      writeRun(source, count, target, strideBytes, [](From x) { return narrowInteger<To>(x); });
    } else {
      throw InternalError("integers written as a floating-point type");
    }
  });
}

}  // namespace

void writeIntegers(DataType type, const std::int64_t* source, std::int64_t count, std::byte* target,
                   std::int64_t strideBytes) {
  writeWhole(type, source, count, target, strideBytes);
}

void writeIntegers(DataType type, const std::uint64_t* source, std::int64_t count,
                   std::byte* target, std::int64_t strideBytes) {
  writeWhole(type, source, count, target, strideBytes);
}

}  // namespace npusim
