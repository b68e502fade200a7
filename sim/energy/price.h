#pragma once

#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/config/energy_table.h"
#include "sim/stats/result.h"

namespace npusim {

/// Picojoules of counted events under `table`, for one layer or a whole phase of `cycles` core
/// cycles whose matrix operands are of `format`. A pure function, linear in counters and cycles:
/// layers add up to their total, and a stored result is priced again under another table.
///
/// MACs by format; local-store bytes, whole words, by each operand's store, its capacity and ports,
/// of the dataflow cached by its cache and with its tags (cache_energy.h); buffer bytes by the
/// capacity of one bank of the buffer that holds weights, accumulators or (the rest) activations;
/// decoded weights by the value, with the buffers;
/// vector operations by class; each memory's commands and states by its currents or its bytes by
/// its pJ/bit (dram_energy.h), bytes of no known memory by the mean weighted by bandwidth; host
/// bytes by pJ/bit; clock tree by cycle and idle power by time.
/// Throws BadInput when the table lacks a figure that a counted event needs.
Energy price(const Counters& counters, std::int64_t cycles, const ChipConfig& chip,
             const EnergyTable& table, DataType format);

/// Die area in mm2. A PE has the MACs of its largest format, which narrower ones share.
Area area(const ChipConfig& chip, const EnergyTable& table);

}  // namespace npusim
