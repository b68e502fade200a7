#pragma once

#include <cstdint>

#include "sim/config/chip_config.h"

namespace npusim {

/// What bringing a network in costs the host, in seconds.
struct LoadCost {
  double compile = 0;   ///< when no cache has the compiled network
  double relayout = 0;  ///< of the weights, done while compiling
  double cache = 0;     ///< to find a compiled network
  double setup = 0;     ///< of the chip
  double warmUp = 0;    ///< that the first calls take beyond the steady state, all together
};

/// Costs for `bytes` of weights. Call i of the first `warmup_calls` (from 0) takes
/// first_call_ms / 2^i more than a later one.
LoadCost loadCost(const HostConfig& host, std::int64_t bytes);

/// Predictions after which loading has paid off: the least n > 0 with load + n x own <= n x other.
/// 0 when it never does.
std::int64_t breakEven(double load, double own, double other);

}  // namespace npusim
