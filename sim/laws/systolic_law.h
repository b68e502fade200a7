#pragma once

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// array_law.h for the dataflows that the fields of Dataflow describe.
ArrayTiming systolicTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape);
ArrayWork systolicWork(const ArrayConfig& array, DataType format, const MatrixShape& shape);
ZeroWork systolicZeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                          std::int64_t zeroInputs);

}  // namespace npusim
