#pragma once

#include <memory>

#include "sim/array/array_model.h"
#include "sim/chip/dealings.h"
#include "sim/config/chip_config.h"
#include "sim/core/fidelity.h"

namespace npusim {

/// The array of a chip, or its arrays in step where cores share their control (systolic dataflows
/// only). Throws NotPossible for a fidelity at which it is not simulated: `module`
/// takes no `cached` array and up to kMostModulePes PEs. Making one costs nothing before its
/// first tile, so a caller may make one just to be refused early. `dealings` are those of the chip;
/// null: its own.
std::unique_ptr<ArrayModel> makeArray(const ChipConfig& chip, Fidelity fidelity,
                                      std::shared_ptr<Dealings> dealings = nullptr);

}  // namespace npusim
