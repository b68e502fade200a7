#pragma once

#include <functional>

#include "sim/config/chip_config.h"

namespace npusim {

/// Average power of a predict at a core clock, in watts. Each call is a whole run.
using PowerAt = std::function<double(double clockMhz)>;

/// The core clock in MHz that the power limit leaves a chip: its own without a limit and where a
/// run at it keeps the limit, else throttledClockMhz, whether that keeps it or not.
///
/// Without throttledClockMhz the highest clock found that keeps the limit. The first guess lets all
/// time go with the clock (energy by event stays, idle energy grows with time); while a run is
/// still above, since memories do not slow down, the clock is halved; then the limit is sought on
/// the straight line between the fastest clock that kept it and the slowest that did not, until a
/// run is within 1 % below it, six times at most. Clocks have four digits. Throws NotPossible when
/// idle power alone reaches the limit, or a thousandth of the clock does not keep it.
double clockUnderLimit(const ChipConfig& chip, const PowerAt& powerAt);

}  // namespace npusim
