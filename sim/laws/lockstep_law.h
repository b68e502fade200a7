#pragma once

#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"
#include "sim/laws/product_places.h"

namespace npusim {

/// Arrays that one matrix instruction drives: the cores of a chip with shared control, else 1.
std::int64_t arraysInStep(const ChipConfig& chip);

/// The dealing in which the slowest array is done first: by columns, in whole array columns, or
/// where that is faster by columns and one of the loops of m, or by that alone, in whole array rows
/// where m runs along an axis. All arrays start together. Dealt by rows they read several rows of A
/// at a time, which may meet in one bank: what that costs is counted.
Dealing dealt(const ChipConfig& chip, DataType format, const ProductPlaces& product);

/// Cycles of the instruction on all arrays: those of the slowest part, which is the first; dealt by
/// rows, with the conflicts of a layout in which the rows that are read together meet in one bank,
/// for who does not know addresses yet.
ArrayTiming lockstepTiming(const ChipConfig& chip, DataType format, const MatrixShape& shape);

}  // namespace npusim
