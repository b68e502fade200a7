#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>

#include "sim/core/error.h"

namespace npusim {

/// A clock of a whole number of hertz. State is kept in cycle numbers; times are derived from
/// them and never accumulated, so nothing drifts.
class ClockDomain {
 public:
  explicit ClockDomain(double mhz) : hertz_(std::llround(mhz * 1e6)) {
    ensure(hertz_ > 0, "a clock must run");
    const std::int64_t common = std::gcd(hertz_, kFemtosecondsPerSecond);
    cycles_ = hertz_ / common;
    perCycles_ = kFemtosecondsPerSecond / common;
  }

  std::int64_t hertz() const { return hertz_; }

  /// This clock's first edge that is no earlier than edge `cycle` of `other`: crossings round up.
  std::int64_t crossFrom(const ClockDomain& other, std::int64_t cycle) const {
    if (hertz_ == other.hertz_) return cycle;
    return scaledUp(cycle, hertz_, other.hertz_);
  }

  /// Femtoseconds from cycle 0 to edge `cycle`, rounded up.
  std::uint64_t femtoseconds(std::int64_t cycle) const {
    return scaled(static_cast<std::uint64_t>(cycle), perCycles_, cycles_, cycles_ - 1);
  }

  /// Inverse of femtoseconds().
  std::int64_t cycleAt(std::uint64_t femtoseconds) const {
    return static_cast<std::int64_t>(scaled(femtoseconds, cycles_, perCycles_, 0));
  }

  double seconds(std::int64_t cycles) const {
    return static_cast<double>(cycles) / static_cast<double>(hertz_);
  }

 private:
  __extension__ using Wide = __int128;
  static constexpr std::int64_t kFemtosecondsPerSecond = 1'000'000'000'000'000;
  static std::int64_t scaledUp(std::int64_t number, std::int64_t times, std::int64_t by) {
    return scaled(number, times, by, by - 1);
  }

  /// (number x times + more) / by; in 64 bits, where a division takes a fraction of the time, if
  /// they suffice.
  template <typename Number>
  static Number scaled(Number number, std::int64_t times, std::int64_t by, std::int64_t more) {
    Number narrow = 0;
    if (!__builtin_mul_overflow(number, times, &narrow) &&
        !__builtin_add_overflow(narrow, more, &narrow)) {
      return by == 1 ? narrow : narrow / static_cast<Number>(by);
    }
    return static_cast<Number>((Wide{number} * times + more) / by);
  }

  std::int64_t hertz_;
  std::int64_t cycles_ = 1, perCycles_ = 1;  ///< as many cycles take as many femtoseconds
};

}  // namespace npusim
