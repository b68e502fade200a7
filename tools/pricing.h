#pragma once

#include <string>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/config/energy_table.h"
#include "sim/core/operator_work.h"
#include "sim/stats/result.h"

namespace npusim::tools {

/// Fills energies, power, area, what each memory did and what follows from them (ratios to the
/// references) from the counters and cycles in `result`, which are of a run at its
/// throttledClockMhz where that is above 0. A power limit of the chip is noted, not applied.
/// Pricing again under another table replaces all of it.
void priceResult(RunResult& result, const ChipConfig& chip, const EnergyTable& table);

/// The same operators on reference machines, presets or files by name. Ratios are left to
/// priceResult().
std::vector<ReferenceResult> costReferences(const std::vector<std::string>& names,
                                            const std::vector<OperatorWork>& works,
                                            DataType precision);

}  // namespace npusim::tools
