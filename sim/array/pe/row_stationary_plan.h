#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// A piece of one dimension.
struct PieceOf {
  std::int64_t first = 0, count = 0;
};

/// What one processing pass works on; all images and columns beside it.
struct RowStationaryPiece {
  PieceOf filters, rows, filterRows, taps, channels;
  bool first = true;  ///< of those that add to the same sums
};

/// A row of PEs in one pass: filter row `filterRow` of the set with channels `channelSet`, for some
/// columns of one or more sets with different filters.
struct RowStationaryRow {
  std::int64_t row = 0;      ///< in the array
  std::int64_t depth = 0;    ///< PEs before it in its columns, which hand sums to it
  std::int64_t before = -1;  ///< index of the row that hands to it; -1: the bus does
  bool last = false;         ///< it hands to the bus
  std::int64_t filterRow = 0, channelSet = 0;
  std::int64_t channels = 0;  ///< that its PEs interleave
  struct Pe {
    std::int64_t outputRow = 0;  ///< of the tile
    PieceOf filters;             ///< of the tile; none: the PE stands still
  };
  std::vector<Pe> pes;             ///< one a column of the array
  std::vector<std::int64_t> live;  ///< PEs that have filter f
};

/// How one instruction is cut into passes and laid into the array, from its mapping.
class RowStationaryPlan {
 public:
  RowStationaryPlan(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                    const RowStationaryPass& mapping);

  const MatrixShape& shape() const { return shape_; }
  const RowStationaryPass& mapping() const { return mapping_; }
  /// In the order in which they run.
  std::vector<RowStationaryPiece> pieces() const;
  /// The rows that work in a pass, from the last of a column to the first.
  std::vector<RowStationaryRow> rows(const RowStationaryPiece& piece) const;
  /// PEs that work in a pass, and in the one that has most of them.
  std::int64_t activePes(const RowStationaryPiece& piece) const;
  std::int64_t mostActivePes() const;

 private:
  RowStationaryRow rowAt(const RowStationaryPiece& piece, std::int64_t channelSet,
                         std::int64_t filterRow, std::int64_t slot) const;
  void place(const RowStationaryPiece& piece, std::int64_t slot, RowStationaryRow& row) const;
  std::int64_t segments() const;

  const MatrixShape shape_;
  const RowStationaryPass mapping_;
  const std::int64_t arrayRows_, arrayCols_;
  const std::int64_t filterRows_, taps_;
};

}  // namespace npusim
