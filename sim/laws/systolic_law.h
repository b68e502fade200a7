#pragma once

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// What a PE does between two operands.
struct SystolicStep {
  std::int64_t depth;  ///< multiply-accumulates, along k
  std::int64_t beat;   ///< cycles, the I below
};
SystolicStep systolicStep(const ArrayConfig& array, DataType format);

/// array_law.h for the dataflows that the fields of Dataflow describe. With R rows, C columns, and
/// a beat of I cycles:
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
ArrayTiming systolicTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape);
ArrayWork systolicWork(const ArrayConfig& array, DataType format, const MatrixShape& shape);
ZeroWork systolicZeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                          std::int64_t zeroInputs);

}  // namespace npusim
