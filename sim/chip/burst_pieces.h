#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/core/rounding.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// Collects the runs of one side of a transfer as whole bursts: a run that continues the last one
/// joins it, and a burst that both touch moves once.
class BurstPieces {
 public:
  /// Begins a transfer that moves at least `unitBytes` at a time.
  void start(std::int64_t unitBytes) {
    unit_ = unitBytes;
    end_ = kNowhere;
    clear();
  }

  void add(std::int64_t address, std::int64_t bytes) {
    std::int64_t begin = address / unit_ * unit_;
    const std::int64_t end = roundUp(address + bytes, unit_);
    if (begin == end_ - unit_) begin = end_;
    if (begin >= end) return;
    if (!pieces_.empty() && begin == end_) {
      pieces_.back().bytes += end - begin;
    } else {
      pieces_.push_back({begin, end - begin});
    }
    units_ += (end - begin) / unit_;
    end_ = end;
  }

  /// Bytes from `address` on that add at most `units` bursts.
  std::int64_t bytesWithin(std::int64_t address, std::int64_t units) const {
    std::int64_t begin = address / unit_ * unit_;
    if (begin == end_ - unit_) begin = end_;
    return begin + units * unit_ - address;
  }

  /// Forgets the collected pieces, but not where the last one ended.
  void clear() {
    pieces_.clear();
    units_ = 0;
  }

  const std::vector<Piece>& pieces() const { return pieces_; }
  std::int64_t units() const { return units_; }
  std::int64_t bytes() const { return units_ * unit_; }

 private:
  static constexpr std::int64_t kNowhere = -1;

  std::int64_t unit_ = 1, end_ = kNowhere, units_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace npusim
