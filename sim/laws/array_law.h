#pragma once

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// Cycles of one instruction on an otherwise idle array, by the dataflow's law: systolic_law.h,
/// row_stationary_law.h or, an estimate, cached_law.h.
ArrayTiming arrayTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape);

/// The same on the chip: with its own buffers, whose ports the estimate for `cached` depends on,
/// and dealt over all arrays where its cores share their control (lockstep_law.h).
ArrayTiming arrayTiming(const ChipConfig& chip, DataType format, const MatrixShape& shape);

/// Bytes and lost PE-cycles of the same instruction. A byte counts in `network` when a PE takes
/// it from a link or a bus to use it, or hands a partial sum on; what only passes through does not;
/// in `localStore` with every word that a PE reads or writes there.
ArrayWork arrayWork(const ArrayConfig& array, DataType format, const MatrixShape& shape);

/// What gating spares when `zeroInputs` of the m x k inputs are zero. A PE that takes several
/// inputs at once gates multipliers only.
ZeroWork zeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                  std::int64_t zeroInputs);

}  // namespace npusim
