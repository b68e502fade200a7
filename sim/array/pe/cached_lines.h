#pragma once

#include <cstdint>
#include <limits>

#include "sim/array/pe/table.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// The operands that a PE fetches.
enum class Fetched : std::uint8_t { Input, Weight };

/// One figure for each of them.
template <typename T>
struct ByFetched {
  T input{}, weight{};
  T& operator[](Fetched operand) { return operand == Fetched::Input ? input : weight; }
  const T& operator[](Fetched operand) const { return operand == Fetched::Input ? input : weight; }
  T total() const { return input + weight; }
};

/// Which lines the PEs' caches hold, as structure of arrays: PE p owns slots [p S, (p + 1) S) for S
/// lines, set after set. Inputs and weights share a cache but never a line.
class CachedLines {
 public:
  static constexpr std::int64_t kMiss = -1;

  CachedLines(const CacheConfig& cache, std::int64_t pes)
      : cached_(cache.bytes > 0),
        ways_(cached_ ? cache.linesOfSet() : 1),
        sets_(cached_ ? cache.lines() / ways_ : 1),
        tags_(pes * slots(), kEmpty),
        used_(pes * slots()),
        clock_(pes) {}

  /// Slots of one PE. A PE without a cache has one, in which an operand only passes.
  std::int64_t slots() const { return ways_ * sets_; }

  /// Where PE `pe` holds a line, which becomes the last used of its set; or kMiss.
  std::int64_t find(std::int64_t pe, Fetched operand, std::int64_t line) {
    const std::int64_t tag = tagOf(operand, line);
    const std::int64_t first = setOf(pe, line);
    for (std::int64_t slot = first; slot < first + ways_; ++slot) {
      if (tags_[slot] == tag) return touch(pe, slot);
    }
    return kMiss;
  }

  /// The slot that a line takes which find() did not: an empty one, else the least recently used.
  std::int64_t fill(std::int64_t pe, Fetched operand, std::int64_t line) {
    std::int64_t oldest = setOf(pe, line);
    for (std::int64_t slot = oldest + 1, end = oldest + ways_; slot < end; ++slot) {
      if (used_[slot] < used_[oldest]) oldest = slot;
    }
    if (cached_) tags_[oldest] = tagOf(operand, line);
    return touch(pe, oldest);
  }

 private:
  static constexpr std::int64_t kEmpty = std::numeric_limits<std::int64_t>::min();

  static std::int64_t tagOf(Fetched operand, std::int64_t line) {
    return line * 2 + static_cast<std::int64_t>(operand);
  }
  std::int64_t setOf(std::int64_t pe, std::int64_t line) const {
    return pe * slots() + (line & (sets_ - 1)) * ways_;
  }
  std::int64_t touch(std::int64_t pe, std::int64_t slot) {
    used_[slot] = ++clock_[pe];
    return slot;
  }

  bool cached_;
  std::int64_t ways_, sets_;
  Table<std::int64_t> tags_;
  Table<std::int64_t> used_;   ///< when each slot was used last, by its PE's clock
  Table<std::int64_t> clock_;  ///< uses so far, by PE
};

}  // namespace npusim
