#pragma once

#include <cmath>
#include <cstdint>

#include "sim/core/error.h"

namespace npusim {

/// A clock of a whole number of hertz. State is kept in cycle numbers; times are derived from
/// them and never accumulated, so nothing drifts.
class ClockDomain {
 public:
  explicit ClockDomain(double mhz) : hertz_(std::llround(mhz * 1e6)) {
    ensure(hertz_ > 0, "a clock must run");
  }

  std::int64_t hertz() const { return hertz_; }

  /// This clock's first edge that is no earlier than edge `cycle` of `other`: crossings round up.
  std::int64_t crossFrom(const ClockDomain& other, std::int64_t cycle) const {
    if (hertz_ == other.hertz_) return cycle;
    return static_cast<std::int64_t>(ceilDiv(Wide{cycle} * hertz_, other.hertz_));
  }

  /// Femtoseconds from cycle 0 to edge `cycle`, rounded up.
  std::uint64_t femtoseconds(std::int64_t cycle) const {
    return static_cast<std::uint64_t>(ceilDiv(Wide{cycle} * kFemtosecondsPerSecond, hertz_));
  }

  /// Inverse of femtoseconds().
  std::int64_t cycleAt(std::uint64_t femtoseconds) const {
    return static_cast<std::int64_t>(Wide{femtoseconds} * hertz_ / kFemtosecondsPerSecond);
  }

  double seconds(std::int64_t cycles) const {
    return static_cast<double>(cycles) / static_cast<double>(hertz_);
  }

 private:
  __extension__ using Wide = __int128;
  static constexpr std::int64_t kFemtosecondsPerSecond = 1'000'000'000'000'000;
  static Wide ceilDiv(Wide a, std::int64_t b) { return (a + b - 1) / b; }

  std::int64_t hertz_;
};

}  // namespace npusim
