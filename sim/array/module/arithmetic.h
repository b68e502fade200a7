#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace npusim::modules {

/// a x b + sum: floats with one rounding, integers modulo 2^32 or 2^64.
template <typename T>
T multiplyAdded(T a, T b, T sum) {
  if constexpr (std::is_same_v<T, float>) {
    return std::fma(a, b, sum);
  } else {
    using Bits = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Bits>(a) * static_cast<Bits>(b) + static_cast<Bits>(sum));
  }
}

/// a + b, likewise.
template <typename T>
T added(T a, T b) {
  if constexpr (std::is_same_v<T, float>) {
    return a + b;
  } else {
    using Bits = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Bits>(a) + static_cast<Bits>(b));
  }
}

}  // namespace npusim::modules
