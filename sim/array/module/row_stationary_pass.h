#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/module/row_stationary_words.h"
#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim::modules {

/// Positions [first, first + count) of one loop.
struct Stretch {
  std::int64_t first = 0, count = 0;
};

/// One processing pass.
struct Pass {
  Stretch filters, rows, filterRows, taps, channels;
  bool opens = true;       ///< sums start here
  bool readsSums = false;  ///< or go on, or start from a bias or an earlier instruction
};

/// What one PE is in one pass; of no use where it does not work.
struct Role {
  bool works = false;
  std::int64_t above = -1;  ///< row of the PE that hands to it; -1: it is the first of its column
  bool last = false;        ///< it hands to the bus
  Tag filterTag{}, inputTag{};
  Stretch filters;                ///< of the tile, that it interleaves
  std::int64_t channels = 0;      ///< that it interleaves
  std::int64_t outputRow = 0;     ///< of the tile
  std::int64_t firstTap = 0;      ///< of the tile, over rows and columns of the filter
  std::int64_t firstChannel = 0;  ///< of the tile
};

/// An instruction on a row-stationary array: its passes, and which PE does what in them.
class RowStationaryProgram {
 public:
  RowStationaryProgram(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                       const RowStationaryPass& mapping);

  const MatrixShape& shape() const { return shape_; }
  const std::vector<Pass>& passes() const { return passes_; }
  Role roleOf(const Pass& pass, std::int64_t row, std::int64_t col) const;

  /// Filters and channels that the PEs of a pass interleave, at most.
  std::int64_t interleavedFilters(const Pass& pass) const;
  std::int64_t interleavedChannels(const Pass& pass) const;
  /// Columns that slide into a window that is not an image's first.
  std::int64_t slidingColumns(const Pass& pass) const;
  /// Row of the input under a filter row (of the pass) for an output row (of the pass), up to an
  /// offset that all share.
  std::int64_t inputRow(std::int64_t filterRow, std::int64_t outputRow) const {
    return outputRow * shape_.strides[0] + filterRow * shape_.dilations[0];
  }
  std::int64_t windows() const { return shape_.extents[0] * shape_.extents[2]; }
  /// Row of the product: output `outputRow` in window `window`.
  std::int64_t productRow(std::int64_t outputRow, std::int64_t window) const;
  std::int64_t interval() const { return interval_; }

 private:
  const ArrayConfig array_;
  const MatrixShape shape_;
  const RowStationaryPass mapping_;
  const std::int64_t filterRows_;  ///< of a set
  const std::int64_t interval_;    ///< cycles from one MAC of a PE to the next
  std::vector<Pass> passes_;
};

}  // namespace npusim::modules
