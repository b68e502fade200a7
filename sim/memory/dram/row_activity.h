#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "sim/memory/memory_model.h"

namespace npusim {

/// Cycles in which a rank has some bank open, from its activates and precharges, each in order of
/// time (but not one kind against the other: an activate may be booked before an earlier
/// precharge).
class RowActivity {
 public:
  explicit RowActivity(std::int64_t banks)
      : ring_(std::bit_ceil(static_cast<std::uint64_t>(banks + 1))), mask_(ring_.size() - 1) {}

  void activated(std::int64_t cycle) { ring_[booked_++ & mask_] = cycle; }

  /// One bank closes, or all that are open.
  void precharged(std::int64_t cycle, MemoryEvents& events) {
    merge(cycle, events);
    if (--open_ == 0) close(cycle, events);
  }
  void allPrecharged(std::int64_t cycle, MemoryEvents& events) {
    merge(cycle, events);
    open_ = 0;
    close(cycle, events);
  }

  /// Books the cycles before `cycle`.
  void settle(std::int64_t cycle, MemoryEvents& events) {
    if (cycle <= since_) return;
    merge(cycle, events);
    if (cycle > since_) (open_ > 0 ? events.activeCycles : events.idleCycles) += cycle - since_;
    since_ = cycle;
  }

  /// Time begins again at 0; banks stay as they are.
  void restart() {
    open_ += static_cast<std::int64_t>(booked_ - merged_);
    merged_ = booked_;
    since_ = 0;
  }

 private:
  void merge(std::int64_t cycle, MemoryEvents& events) {
    for (; merged_ < booked_ && ring_[merged_ & mask_] <= cycle; ++merged_, ++open_) {
      if (open_ > 0) continue;
      events.idleCycles += ring_[merged_ & mask_] - since_;
      since_ = ring_[merged_ & mask_];
    }
  }
  void close(std::int64_t cycle, MemoryEvents& events) {
    events.activeCycles += cycle - since_;
    since_ = cycle;
  }

  std::vector<std::int64_t> ring_;  ///< activates not yet merged: at most one a bank
  std::uint64_t mask_, booked_ = 0, merged_ = 0;
  std::int64_t open_ = 0, since_ = 0;
};

}  // namespace npusim
