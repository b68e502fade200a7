#pragma once

#include <cmath>
#include <type_traits>

namespace npusim {

/// What a PE does with one product: `across` came along its line, `stationary` lies in its store or
/// came down its lane, `sum` came from its neighbour or lies in its store. One rounding in fp32;
/// integers modulo 2^32 or 2^64.
template <typename T>
[[gnu::always_inline]] inline T multiplyAdd(T across, T stationary, T sum) {
  if constexpr (std::is_same_v<T, float>) {
    return std::fma(across, stationary, sum);
  } else {
    using Bits = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Bits>(across) * static_cast<Bits>(stationary) +
                          static_cast<Bits>(sum));
  }
}

/// The sum of two sums, rounded and modulo alike.
template <typename T>
[[gnu::always_inline]] inline T add(T a, T b) {
  if constexpr (std::is_same_v<T, float>) {
    return a + b;
  } else {
    using Bits = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Bits>(a) + static_cast<Bits>(b));
  }
}

}  // namespace npusim
