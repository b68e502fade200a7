#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// Arrays that one matrix instruction drives: the cores of a chip with shared control, else 1.
std::int64_t arraysInStep(const ChipConfig& chip);

/// How one matrix instruction is dealt over arrays in step: the loop `dim` of MatrixShape::extents
/// in `parts` parts of `each` positions, the last one ragged. 1 part: one array does all.
struct Dealing {
  std::size_t dim = 3;
  std::int64_t each = 0, parts = 1;
  bool operator==(const Dealing&) const = default;

  /// The product that the array `part` computes.
  MatrixShape shapeOf(const MatrixShape& whole, std::int64_t part) const;
};

/// The dealing in which the slowest array is done first: by columns (n, in whole array columns), or
/// by one of the loops of m where that is faster, in whole array rows where m runs along an axis.
/// All arrays start together. Dealt by rows they read as many rows of A at a time, which may meet
/// in one bank: what that costs operands that lie densely is counted.
Dealing dealt(const ChipConfig& chip, DataType format, const MatrixShape& shape);

/// Cycles of the instruction on all arrays: those of the slowest part, which is the first; dealt by
/// rows, with the conflicts that dealt() expects.
ArrayTiming lockstepTiming(const ChipConfig& chip, DataType format, const MatrixShape& shape);

}  // namespace npusim
