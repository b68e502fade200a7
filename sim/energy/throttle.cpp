#include "sim/energy/throttle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/core/error.h"

namespace npusim {
namespace {

constexpr double kSlowest = 1e-3;      ///< clock tried, as a share of the chip's
constexpr double kCloseEnough = 0.99;  ///< of the limit
constexpr int kMostRefinements = 6;

struct Run {
  double clockMhz = 0, powerW = 0;
};

/// Down to four digits.
double rounded(double clockMhz) {
  const double step = std::pow(10, std::floor(std::log10(clockMhz)) - 3);
  return std::floor(clockMhz / step) * step;
}

/// Where a straight line between the runs meets the limit, but not next to one of them.
double between(const Run& kept, const Run& above, double limitW) {
  const double share = (limitW - kept.powerW) / (above.powerW - kept.powerW);
  return rounded(std::lerp(kept.clockMhz, above.clockMhz, std::clamp(share, 0.1, 0.9)));
}

/// A run that keeps the limit; leaves the slowest that did not in `above`.
Run firstKept(const PowerConfig& power, Run& above, const PowerAt& powerAt) {
  const double slowest = above.clockMhz * kSlowest;
  double clockMhz = above.clockMhz * (power.limitW - power.idleW) / (above.powerW - power.idleW);
  while (clockMhz >= slowest) {
    const Run run = {rounded(clockMhz), powerAt(rounded(clockMhz))};
    if (run.powerW <= power.limitW) return run;
    above = run;
    clockMhz = run.clockMhz / 2;
  }
  throw NotPossible(
      fmt::format("power.limit_w: predict still takes {:.4g} W at {:g} MHz, the limit is {:g} W; "
                  "raise limit_w: idle power and memories do not follow the clock",
                  above.powerW, above.clockMhz, power.limitW));
}

double highestKept(const PowerConfig& power, Run above, const PowerAt& powerAt) {
  if (power.idleW >= power.limitW) {
    throw NotPossible(
        "power.limit_w: idle power alone reaches the limit; raise limit_w above idle_w or give "
        "throttled_clock_mhz");
  }
  Run kept = firstKept(power, above, powerAt);
  for (int i = 0; i < kMostRefinements && kept.powerW < kCloseEnough * power.limitW; ++i) {
    const double clockMhz = between(kept, above, power.limitW);
    if (clockMhz <= kept.clockMhz) break;
    const Run run = {clockMhz, powerAt(clockMhz)};
    (run.powerW <= power.limitW ? kept : above) = run;
  }
  return kept.clockMhz;
}

}  // namespace

double clockUnderLimit(const ChipConfig& chip, const PowerAt& powerAt) {
  const PowerConfig& power = chip.power;
  if (power.limitW <= 0) return chip.clockMhz;
  const Run full = {chip.clockMhz, powerAt(chip.clockMhz)};
  if (full.powerW <= power.limitW) return chip.clockMhz;
  return power.throttledClockMhz > 0 ? power.throttledClockMhz : highestKept(power, full, powerAt);
}

}  // namespace npusim
