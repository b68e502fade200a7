#pragma once

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// Cycles of one instruction on an otherwise idle array, by the dataflow's law.
///
/// Systolic dataflows (the fields of Dataflow). With R rows, C columns, and a beat of I cycles:
///   folds    of the array over the product: along each axis the loops that run there are cut into
///            pieces of R (or C) lanes, and the loops of the same list that do not run there
///            repeat them; a PE that does d > 1 MACs a cycle counts as d lanes of k
///   S        steps of a fold: the extent of what streams (k in groups of d)
///   I        cycles between two operands of a PE, beatCycles()
///   skew     of the last PE against the first in beats: R - 1 where the operand that travels from
///            row to row is forwarded or chained, 0 where it is broadcast, ceil(log2 R) for a tree;
///            likewise along the columns
///   L        cycles in which the held operand enters or leaves, a row a cycle: R
///
/// overlapped, held weights or inputs
///   L + sum over folds of max(S I, L) + skew I   (design 4.14: R + sum max(m, R) + R + C - 2)
///   without double buffering  L + F S I + (F - 1) L + skew I
///   A chain of P PEs holds a sum P I cycles, so where the folds of all other loops, a round, take
///   less, each of the later rounds of k waits for the rest.
/// overlapped, held outputs
///   [L +] sum over folds of max(S I, L) + skew I + L; the first L only where sums start from
///   earlier ones or a bias
/// scale_sim (closed form of SCALE-Sim v2, no overlap between folds)
///   F (S I + L + skew I) - 1, L only where weights or inputs are held
///
/// cached: an estimate, cached_law.h
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
