#pragma once

#include <cstdint>

#include "sim/core/yaml_rules.h"

/// What values of one sort must be, wherever they stand: beyond these a figure is a slip.
namespace npusim::limits {

inline constexpr std::int64_t kKib = 1024;
inline constexpr std::int64_t kMib = 1024 * kKib;
inline constexpr std::int64_t kTib = 1024 * 1024 * kMib;
inline constexpr Whole kCount{1, 65536};
inline constexpr Whole kPowerOfTwo{1, 65536, true};
inline constexpr Whole kCycles{0, 1'000'000'000};
inline constexpr Number kPositive{1e-9, 1e9};
inline constexpr Number kNotNegative{0, 1e9};
inline constexpr Number kShare{0.01, 1};
inline constexpr Number kClockMhz{0.001, 100'000};

}  // namespace npusim::limits
