#pragma once

#include <array>
#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"
#include "sim/core/rounding.h"

namespace npusim {

/// How a row-stationary array cuts and times one instruction; the parts of row_stationary_law.h
/// that the search needs too.

/// What one bus moves: `words` words a cycle, or one word in `cycles` cycles.
struct BusRate {
  std::int64_t words = 1, cycles = 1;
  BusRate(std::int64_t busBits, std::int64_t wordBits)
      : words(busBits >= wordBits ? busBits / wordBits : 1),
        cycles(busBits >= wordBits ? 1 : ceilDiv(wordBits, busBits)) {}
  std::int64_t cyclesFor(std::int64_t count) const { return ceilDiv(count, words) * cycles; }
};

/// What the array and the format fix, whatever the mapping.
struct RowStationaryLimits {
  RowStationaryLimits(const ArrayConfig& array, DataType format, const MatrixShape& shape);

  /// Whether the sets of the mapping find their place in the array, and its operands theirs in the
  /// stores; else why not.
  const char* faultOf(const RowStationaryPass& pass) const;
  /// Sets with other filters that fit beside each other and r high.
  std::int64_t mostT(std::int64_t e, std::int64_t r) const;
  /// The largest r for sets of e columns; 0: they do not fit.
  std::int64_t mostR(std::int64_t e) const;

  std::int64_t rows, cols;                     ///< of the array
  std::int64_t filterRows, taps;               ///< of the filter in one pass
  std::int64_t filterWords, inputWords, sums;  ///< of a PE's stores
  std::int64_t interval;                       ///< cycles from one MAC of a PE to the next
  BusRate filterBus, inputBus, sumBus;
};

/// One processing pass: how much of each dimension it takes.
struct ProcessingPass {
  std::int64_t filters, rows, filterRows, taps, channels;
  bool readsSums;  ///< it continues earlier sums or a bias
};

struct PassTime {
  std::int64_t filters;  ///< to load the filters
  std::int64_t windows;  ///< from there to the end
  std::int64_t macs;     ///< of `windows`, in which the PEs have MACs to do
  std::int64_t total() const { return filters + windows; }
};

/// The law of one pass over a shape, with its mapping.
class PassLaw {
 public:
  PassLaw(const RowStationaryLimits& limits, const ArrayConfig& array, const MatrixShape& shape,
          const RowStationaryPass& mapping)
      : limits_(limits), stages_(array.rowStationary.pipelineStages), shape_(shape), m_(mapping) {}

  PassTime time(const ProcessingPass& pass) const;
  /// Different rows of the input that the pass's PEs see.
  std::int64_t lines(const ProcessingPass& pass) const;
  /// Columns of an image's line that a PE receives.
  std::int64_t columns(const ProcessingPass& pass) const;
  std::int64_t windows() const { return shape_.extents[0] * shape_.extents[2]; }

  /// Calls visit(pass, count) for every kind of pass of the instruction.
  template <typename Visit>
  void forEach(const Visit& visit) const;

 private:
  /// A dimension in steps: how many full ones, and what is left for a last one.
  struct Piece {
    std::int64_t size, count;
  };
  using Pieces = std::array<Piece, 2>;
  static Pieces pieces(std::int64_t extent, std::int64_t step) {
    return {{{step, extent / step}, {extent % step, extent % step == 0 ? 0 : 1}}};
  }
  template <typename Visit>
  void forEachOfSums(std::int64_t filters, std::int64_t rows, std::int64_t count,
                     const Visit& visit) const;

  std::int64_t freshColumns(const ProcessingPass& pass) const;
  std::int64_t lastStart(const ProcessingPass& pass, std::int64_t spacing) const;

  const RowStationaryLimits& limits_;
  const std::int64_t stages_;
  const MatrixShape& shape_;
  const RowStationaryPass m_;
};

template <typename Visit>
void PassLaw::forEach(const Visit& visit) const {
  for (const Piece& filters : pieces(shape_.n(), m_.p * m_.t)) {
    for (const Piece& rows : pieces(shape_.extents[1], m_.e)) {
      const std::int64_t count = filters.count * rows.count;
      if (count > 0) forEachOfSums(filters.size, rows.size, count, visit);
    }
  }
}

/// The passes that add to the same sums; the first of them may start new ones.
template <typename Visit>
void PassLaw::forEachOfSums(std::int64_t filters, std::int64_t rows, std::int64_t count,
                            const Visit& visit) const {
  bool first = !shape_.startsFromSums();
  for (const Piece& filterRows : pieces(shape_.extents[4], limits_.filterRows)) {
    for (const Piece& taps : pieces(shape_.extents[5], limits_.taps)) {
      for (const Piece& channels : pieces(shape_.extents[6], m_.q * m_.r)) {
        std::int64_t times = filterRows.count * taps.count * channels.count * count;
        if (times == 0) continue;
        ProcessingPass pass{filters, rows, filterRows.size, taps.size, channels.size, false};
        if (first) {
          visit(pass, count);
          times -= count;
          first = false;
        }
        pass.readsSums = true;
        if (times > 0) visit(pass, times);
      }
    }
  }
}

}  // namespace npusim
