#pragma once

#include "sim/config/chip_config.h"
#include "tests/end_to_end/random.h"

namespace npusim::end_to_end {

/// A small chip that a chip file could describe: arrays of 1 to 16 PEs a side, every dataflow and
/// convention, one buffer for everything or one a purpose, so small that layers must be tiled.
ChipConfig randomChip(Random& random);

/// The same chip, which also computes `precision`, an element a PE and cycle.
ChipConfig withFormat(const ChipConfig& chip, DataType precision);

}  // namespace npusim::end_to_end
