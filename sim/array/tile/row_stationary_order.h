#pragma once

#include <cstdint>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// In which order a row-stationary array takes the products of one output.
struct RowStationaryOrder {
  RowStationaryOrder(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                     const RowStationaryPass& mapping);

  std::vector<std::int64_t> ks;        ///< every k, in the order of the products
  std::vector<std::int64_t> peEnds;    ///< where in `ks` the products of each PE end
  std::vector<std::int64_t> passEnds;  ///< where in `peEnds` each pass ends
};

}  // namespace npusim
