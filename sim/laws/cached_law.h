#pragma once

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// The buffers that a cached array misses to.
struct CachedPorts {
  BufferPort inputs, weights;
  bool shared = true;  ///< the same buffer holds both
};
CachedPorts cachedPorts(const ChipConfig& chip);

/// An estimate of the cycles of the dataflow `cached`, for the mapping search; the machine steps
/// through the PEs for the exact figure. From the shape alone, so for dense operands: inputs in
/// runs of FX C along k, weights k by n. With L-byte lines of which the cache holds N, per PE:
///   lines of an output  a of inputs, b of weights
///   misses              every operand (N < 2), else a + b an output, b only once a column where
///                       a + b <= N and the weights do not collide in their sets, a only once a row
///                       where the inputs of all its rows fit as well
/// The busiest PE takes its steps and `miss_cycles` a miss. The ports take their accesses for the
/// lines of all PEs, one fetch for those that share one if the array coalesces. The longer counts.
/// docs/dataflows/cached.md gives its error.
ArrayTiming cachedTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                         const CachedPorts& ports);

/// array_law.h, exact: like an array that holds its outputs.
ZeroWork cachedZeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                        std::int64_t zeroInputs);

}  // namespace npusim
