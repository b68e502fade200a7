#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace npusim {

/// When the latest bursts had their column commands, kept as evenly spaced runs.
class RowHistory {
 public:
  static constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 40);

  /// Remembers at least `bursts` bursts.
  explicit RowHistory(std::int64_t bursts)
      : runs_(std::bit_ceil(static_cast<std::uint64_t>(bursts + 2))), mask_(runs_.size() - 1) {}

  std::int64_t total() const { return total_; }

  void add(std::int64_t bursts, std::int64_t column, std::int64_t spacing) {
    runs_[count_++ & mask_] = {total_, column, spacing};
    total_ += bursts;
  }
  /// Bursts so far back that nobody will ask for them.
  void skip(std::int64_t bursts) { total_ += bursts; }

  /// The column command of burst `index`, which is past and not below one asked for before;
  /// kLongAgo for one before the first.
  std::int64_t columnOf(std::int64_t index) {
    if (index < 0) return kLongAgo;
    if (count_ - oldest_ > mask_ + 1) oldest_ = count_ - mask_ - 1;
    while (oldest_ + 1 < count_ && runs_[(oldest_ + 1) & mask_].first <= index) ++oldest_;
    const Run& run = runs_[oldest_ & mask_];
    return run.column + (index - run.first) * run.spacing;
  }

  void clear() { count_ = oldest_ = 0, total_ = 0; }

 private:
  struct Run {
    std::int64_t first = 0, column = kLongAgo, spacing = 0;
  };

  std::vector<Run> runs_;  ///< ring
  std::uint64_t mask_, count_ = 0, oldest_ = 0;
  std::int64_t total_ = 0;
};

}  // namespace npusim
