#pragma once

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// array_law.h for the dataflow `row_stationary` of Eyeriss; docs/dataflows/row_stationary.md has
/// the picture and the derivation.
///
/// An instruction is cut into processing passes that follow each other without overlap: over the
/// filters (p t at a time), the output rows (e), the filter's rows and taps where the array or the
/// stores are too small for all of them, and the channels (q r). A pass takes all images and all
/// columns, N windows in sum. With B = p q S cycles of MACs a window in each PE:
///
///   filters    their words over the filter bus
///   windows    N, each as soon as its inputs and the sums it continues have come over their buses,
///              max(B, words of its sums over the sum bus) cycles apart
///   end        B + pipeline stages - 1 + PEs of a column - 1, then the last window's sums over
///              the sum bus back, at most one a cycle from each column
ArrayTiming rowStationaryTiming(const ArrayConfig& array, DataType format,
                                const MatrixShape& shape);
ArrayWork rowStationaryWork(const ArrayConfig& array, DataType format, const MatrixShape& shape);
ZeroWork rowStationaryZeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                               std::int64_t zeroInputs);

/// The mapping parameters an instruction runs with, none larger than the instruction: its own
/// (MatrixShape::pass), else those that array.row_stationary.mapping sets and a search for the
/// rest: fewest cycles, then fewest bytes at the buffers. Throws NotPossible when the given ones do
/// not fit the array or the local stores.
RowStationaryPass rowStationaryPass(const ArrayConfig& array, DataType format,
                                    const MatrixShape& shape);

}  // namespace npusim
