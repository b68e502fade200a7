#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace npusim::modules {

/// a x b + sum: floats with one rounding, integers modulo 2^32.
template <typename T>
T multiplyAdded(T a, T b, T sum) {
  if constexpr (std::is_same_v<T, float>) {
    return std::fma(a, b, sum);
  } else {
    const auto product = static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b);
    return static_cast<T>(product + static_cast<std::uint32_t>(sum));
  }
}

/// a + b, likewise.
template <typename T>
T added(T a, T b) {
  if constexpr (std::is_same_v<T, float>) {
    return a + b;
  } else {
    return static_cast<T>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }
}

}  // namespace npusim::modules
