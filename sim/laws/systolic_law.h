#pragma once

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// What a PE does between two operands.
struct SystolicStep {
  std::int64_t depth;  ///< multiply-accumulates, along k
  std::int64_t beat;   ///< cycles, I of array_law.h
};
SystolicStep systolicStep(const ArrayConfig& array, DataType format);

/// array_law.h for the dataflows that the fields of Dataflow describe.
ArrayTiming systolicTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape);
ArrayWork systolicWork(const ArrayConfig& array, DataType format, const MatrixShape& shape);
ZeroWork systolicZeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                          std::int64_t zeroInputs);

}  // namespace npusim
