#pragma once

#include "sim/config/chip_config.h"
#include "sim/isa/program.h"

namespace npusim::end_to_end {

/// A program and a machine on which some of the engines are slow: what is out of order, but hidden
/// by one machine's timing, shows on another's. A right program does not care.
struct Slowed {
  isa::Program program;
  ChipConfig chip;
};

/// Makes the engines slow whose bits are set: bit e is isa::Engine e. Needs a memory of 64 MiB.
Slowed slowed(isa::Program program, ChipConfig chip, unsigned engines);

/// Sets of engines, the empty one among them.
constexpr unsigned kTimings = 1U << isa::kEngineCount;

}  // namespace npusim::end_to_end
