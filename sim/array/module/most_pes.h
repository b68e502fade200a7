#pragma once

#include "sim/config/chip_config.h"

namespace npusim {

/// The most PEs of fidelity `module`: each is a SystemC module, and thousands are slow.
constexpr std::int64_t kMostModulePes = 1024;

/// Throws NotPossible for an array of more.
void refuseMorePes(const ArrayConfig& array);

}  // namespace npusim
