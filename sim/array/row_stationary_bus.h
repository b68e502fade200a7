#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/core/rounding.h"

namespace npusim {

/// A bus that moves as many whole words a cycle as fit side by side, or one word in several cycles.
class RowStationaryBus {
 public:
  RowStationaryBus(std::int64_t busBits, std::int64_t wordBits)
      : words_(std::max<std::int64_t>(1, busBits / wordBits)),
        cycles_(ceilDiv(wordBits, busBits)) {}

  /// Words that arrive in this cycle, of `waiting` ones.
  std::int64_t step(std::int64_t waiting) {
    if (waiting == 0 || ++spent_ < cycles_) return 0;
    spent_ = 0;
    return std::min(words_, waiting);
  }

  /// Cycles for `count` words that all wait.
  std::int64_t cyclesFor(std::int64_t count) const { return ceilDiv(count, words_) * cycles_; }

 private:
  std::int64_t words_, cycles_;
  std::int64_t spent_ = 0;  ///< cycles that the word under way has had
};

}  // namespace npusim
