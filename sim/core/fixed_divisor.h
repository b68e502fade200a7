#pragma once

#include <bit>
#include <cstdint>

namespace npusim {

/// Division of numbers that are not negative by a fixed one, fast by powers of two.
class FixedDivisor {
 public:
  explicit FixedDivisor(std::int64_t value)
      : value_(value),
        shift_(std::has_single_bit(static_cast<std::uint64_t>(value))
                   ? std::countr_zero(static_cast<std::uint64_t>(value))
                   : -1) {}

  std::int64_t value() const { return value_; }
  std::int64_t quotient(std::int64_t number) const {
    return shift_ >= 0 ? number >> shift_ : number / value_;
  }
  std::int64_t remainder(std::int64_t number) const {
    return shift_ >= 0 ? number & (value_ - 1) : number % value_;
  }
  /// The quotient rounded up.
  std::int64_t atLeast(std::int64_t number) const { return quotient(number + value_ - 1); }

 private:
  std::int64_t value_;
  int shift_;
};

}  // namespace npusim
