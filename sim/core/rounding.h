#pragma once

#include <cstdint>

namespace npusim {

/// a / b rounded up; a is not negative, b positive.
constexpr std::int64_t ceilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// The smallest multiple of `unit` that is at least `value`.
constexpr std::int64_t roundUp(std::int64_t value, std::int64_t unit) {
  return ceilDiv(value, unit) * unit;
}

}  // namespace npusim
