#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "sim/array/pe/lines.h"
#include "sim/array/pe/pe_step.h"

namespace npusim {

/// One adder tree down each lane, over the next power of two of lines: those that do not exist give
/// +0.0. Sums move a level at once.
template <typename T>
class AdderTrees {
 public:
  AdderTrees(std::int64_t lines, std::int64_t lanes)
      : lines_(lines), pitch_(roundUp(lanes, kVectorLanes)) {
    auto nodes = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(lines)));
    for (; nodes > 0; nodes /= 2) {
      levels_.emplace_back(static_cast<std::size_t>(nodes * pitch_), T{});
    }
  }

  /// Every sum moves a level; the leaves are zero again.
  void move() {
    for (std::size_t level = levels_.size() - 1; level > 0; --level) {
      addPairs(levels_[level - 1].data(), levels_[level].data(),
               std::ssize(levels_[level]) / pitch_, pitch_);
    }
    std::fill(levels_[0].begin(), levels_[0].end(), T{});
  }
  LineView<T> leaves() { return {levels_[0].data(), pitch_, 0, lines_}; }
  T root(std::int64_t lane) const { return levels_.back()[static_cast<std::size_t>(lane)]; }

 private:
  std::int64_t lines_, pitch_;
  std::vector<std::vector<T>> levels_;
};

}  // namespace npusim
