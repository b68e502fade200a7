#pragma once

#include <memory>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"
#include "sim/core/fidelity.h"

namespace npusim {

/// The array of a chip with the dataflow `row_stationary`: by its law at `tile`, PE by PE at `pe`,
/// as modules at `module`. The mapping parameters of an instruction are the same at all
/// (rowStationaryPass()). Throws NotPossible where the array has too many PEs for modules.
std::unique_ptr<ArrayModel> makeRowStationaryArray(const ChipConfig& chip, Fidelity fidelity);

}  // namespace npusim
