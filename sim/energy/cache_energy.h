#pragma once

#include "sim/config/chip_config.h"
#include "sim/config/energy_table.h"
#include "sim/stats/counters.h"

namespace npusim {

/// The tags of one PE's cache: a small store of its own beside that of the lines.
struct CacheTags {
  double bits = 0;   ///< of one line's tag
  double bytes = 0;  ///< of all of them
};

/// A tag holds what the set does not say of a line's address in the largest buffer, one bit for the
/// operand, one that says whether the line is there, and its place in the order of use among the
/// lines of its set. No cache, or another dataflow: nothing.
CacheTags cacheTags(const ChipConfig& chip);

/// Picojoules of tags: each look-up reads and compares the tags of one set, each miss writes one
/// tag. The bytes of the lines themselves are priced as the store of the operands.
/// Throws BadInput when the table lacks tag_compare_pj_per_bit.
double tagPrice(const Counters& counters, const ChipConfig& chip, const EnergyTable& table);

}  // namespace npusim
