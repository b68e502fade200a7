#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/pe/row_stationary_plan.h"

namespace npusim {

/// The input bus of one pass: which word comes next, and the queues in which words wait for the
/// PEs. A line is one row of the input for one set of channels. Its words go to every PE that needs
/// the row, whatever its filters: one queue a line, which each PE reads at its own pace. Words come
/// window by window: column after column, in each the channels of all sets for all rows.
template <typename T>
class RowStationaryInputs {
 public:
  /// `image`: A as m x k elements, or null when only times matter.
  RowStationaryInputs(const RowStationaryPlan& plan, const RowStationaryPiece& piece,
                      const T* image);

  std::int64_t linesOfSet() const { return static_cast<std::int64_t>(firsts_.size()); }
  /// The line that a PE with this filter row (of the piece) and output row (of the tile) listens
  /// to.
  std::int64_t lineOf(std::int64_t channelSet, std::int64_t filterRow,
                      std::int64_t outputRow) const;
  /// Columns that a window brings anew.
  std::int64_t freshColumns(std::int64_t window) const;
  /// Words of a window on the bus.
  std::int64_t words(std::int64_t window) const;
  /// Words that have not come yet.
  std::int64_t waiting() const { return waiting_; }
  /// Words that have come.
  std::int64_t arrived() const { return arrived_; }

  /// The bus brings `count` words.
  void deliver(std::int64_t count);

  /// The word number `position` of a line, which must have come.
  T at(std::int64_t line, std::int64_t position) const;

 private:
  /// A PE that listens to a line stands for all of them.
  struct Listener {
    std::int64_t outputRow, filterRow;
  };

  void findLines();
  void deliverOne();
  T fetch() const;
  void advance();

  const RowStationaryPlan& plan_;
  const RowStationaryPiece& piece_;
  const T* image_;
  const std::int64_t setChannels_;    ///< of a full set
  std::vector<Listener> firsts_;      ///< of each line of a set
  std::vector<std::int64_t> lineOf_;  ///< by filter row and output row
  std::vector<std::vector<T>> queues_;
  std::int64_t waiting_ = 0, arrived_ = 0;
  // The next word: line of a set, channel of the piece, column of the window.
  std::int64_t window_ = 0, column_ = 0, channel_ = 0, line_ = 0;
};

}  // namespace npusim
