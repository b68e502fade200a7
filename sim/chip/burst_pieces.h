#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/core/fixed_divisor.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// Collects the runs of one side of a transfer as whole bursts: a run that continues the last one
/// joins it, and a burst that both touch moves once.
class BurstPieces {
 public:
  /// Begins a transfer that moves at least `unitBytes` at a time.
  void start(std::int64_t unitBytes) {
    unit_ = FixedDivisor(unitBytes);
    end_ = kNowhere;
    clear();
  }

  void add(std::int64_t address, std::int64_t bytes) {
    std::int64_t begin = unit_.quotient(address);
    const std::int64_t end = unit_.atLeast(address + bytes);
    if (begin == end_ - 1) begin = end_;
    if (begin >= end) return;
    const std::int64_t unitBytes = unit_.value();
    if (!pieces_.empty() && begin == end_) {
      pieces_.back().bytes += (end - begin) * unitBytes;
    } else {
      pieces_.push_back({begin * unitBytes, (end - begin) * unitBytes});
    }
    units_ += end - begin;
    end_ = end;
  }

  /// Bytes from `address` on that add at most `units` bursts.
  std::int64_t bytesWithin(std::int64_t address, std::int64_t units) const {
    std::int64_t begin = unit_.quotient(address);
    if (begin == end_ - 1) begin = end_;
    return (begin + units) * unit_.value() - address;
  }

  /// Forgets the collected pieces, but not where the last one ended.
  void clear() {
    pieces_.clear();
    units_ = 0;
  }

  const std::vector<Piece>& pieces() const { return pieces_; }
  std::int64_t units() const { return units_; }
  std::int64_t bytes() const { return units_ * unit_.value(); }

 private:
  static constexpr std::int64_t kNowhere = -1;

  FixedDivisor unit_{1};
  std::int64_t end_ = kNowhere;  ///< of the last piece, in units
  std::int64_t units_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace npusim
