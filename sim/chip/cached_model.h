#pragma once

#include <memory>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"
#include "sim/core/fidelity.h"

namespace npusim {

/// The array of a chip with the dataflow `cached`. Its cost is stepped through PE by PE at every
/// fidelity (and kept for equal tiles); at `tile` the values come from a vectorised product, at
/// `pe` through the lines that arrive. Throws NotPossible for `module`.
std::unique_ptr<ArrayModel> makeCachedArray(const ChipConfig& chip, Fidelity fidelity);

}  // namespace npusim
