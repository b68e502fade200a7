#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/array/pe/table.h"

namespace npusim {

/// Which PE acts again in which cycle. PEs of a cycle come in ascending order.
class CachedAgenda {
 public:
  explicit CachedAgenda(std::int64_t pes) : due_(pes), cycles_(kCycles) {}

  /// `cycle` lies after the one that next() gave last.
  void add(std::int64_t pe, std::int64_t cycle) {
    due_[pe] = cycle;
    place(pe);
  }

  /// The next cycle in which PEs act, not before the one given last; they are in acting(). Negative
  /// when no PE acts any more.
  std::int64_t next() {
    while (waiting_ > 0) {
      ++now_;
      takeDue();
      if (!acting_.empty()) return now_;
    }
    return -1;
  }
  const std::vector<std::int64_t>& acting() const { return acting_; }

 private:
  /// Cycles ahead that have a list of their own; what lies further waits in the last of them.
  static constexpr std::int64_t kCycles = 256;

  void place(std::int64_t pe) {
    const std::int64_t cycle = std::min(due_[pe], now_ + kCycles - 1);
    cycles_[cycle & (kCycles - 1)].push_back(pe);
    ++waiting_;
  }

  void takeDue() {
    std::vector<std::int64_t>& listed = cycles_[now_ & (kCycles - 1)];
    acting_.swap(listed);
    listed.clear();
    waiting_ -= static_cast<std::int64_t>(acting_.size());
    const auto later = [this](std::int64_t pe) { return due_[pe] > now_; };
    const auto early = std::ranges::find_if(acting_, later);
    for (auto pe = early; pe != acting_.end(); ++pe) {
      if (later(*pe)) place(*pe);
    }
    acting_.erase(std::remove_if(early, acting_.end(), later), acting_.end());
    if (!std::ranges::is_sorted(acting_)) std::ranges::sort(acting_);
  }

  std::int64_t now_ = -1;
  std::int64_t waiting_ = 0;  ///< PEs in the lists
  Table<std::int64_t> due_;   ///< by PE
  Table<std::vector<std::int64_t>> cycles_;
  std::vector<std::int64_t> acting_;
};

}  // namespace npusim
