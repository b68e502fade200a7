#pragma once

#include <vector>

#include "sim/config/energy_table.h"

namespace npusim {

/// Energy per byte of a store of `capacityBytes` > 0 by the table's points, two or more in rising
/// order of capacity with positive energies: between two of them a power law of the capacity,
/// beyond the ends the power law of the nearest two.
StorePoint storeAt(const std::vector<StorePoint>& points, double capacityBytes);

}  // namespace npusim
