#pragma once

#include <cstdint>
#include <vector>

namespace npusim {

/// The command bus of a channel as a calendar: which clocks are taken. It remembers the latest
/// `horizon` clocks; later ones are free until they are reserved.
class RowBus {
 public:
  explicit RowBus(std::int64_t horizon);

  /// The first clock from `from` on with `clocks` free ones in a row, at most 64. `from` lies
  /// within the horizon.
  std::int64_t firstFree(std::int64_t from, std::int64_t clocks) {
    const std::uint64_t needed = low(clocks);
    for (;;) {
      extendTo(from + clocks);
      const std::uint64_t taken = window(from, clocks) & needed;
      if (taken == 0) return from;
      from += 64 - __builtin_clzll(taken);
    }
  }

  /// Takes `clocks` clocks from `from` on, at most 64.
  void reserve(std::int64_t from, std::int64_t clocks) {
    extendTo(from + clocks);
    mark(from, clocks, low(clocks));
  }
  /// The same `count` times, once every `spacing` clocks.
  void reserve(std::int64_t from, std::int64_t clocks, std::int64_t count, std::int64_t spacing);

  /// Forgets everything; time begins at 0 again.
  void clear();

 private:
  static constexpr std::int64_t kWordClocks = 64;

  /// As many evenly spaced commands as lie within one word.
  struct Pattern {
    std::int64_t clocks = 0, spacing = 0, commands = 0;
    std::uint64_t bits = 0;
  };

  static std::uint64_t low(std::int64_t bits) { return ~std::uint64_t{0} >> (kWordClocks - bits); }
  void setPattern(std::int64_t clocks, std::int64_t spacing);
  std::uint64_t& word(std::int64_t clock) {
    return words_[static_cast<std::uint64_t>(clock >> 6) & mask_];
  }
  /// At least `clocks` clocks from `clock` on, and nothing beyond the next 64.
  std::uint64_t window(std::int64_t clock, std::int64_t clocks) {
    const std::int64_t shift = clock & (kWordClocks - 1);
    const std::uint64_t low = word(clock) >> shift;
    if (shift + clocks <= kWordClocks) return low;
    return low | word(clock + kWordClocks) << (kWordClocks - shift);
  }
  /// Takes those of the next `clocks` clocks that have their bit set.
  void mark(std::int64_t clock, std::int64_t clocks, std::uint64_t bits) {
    const std::int64_t shift = clock & (kWordClocks - 1);
    word(clock) |= bits << shift;
    if (shift + clocks <= kWordClocks) return;
    word(clock + kWordClocks) |= bits >> (kWordClocks - shift);
  }
  void extendTo(std::int64_t clock) {
    if (clock + kWordClocks > end_) extend(clock + kWordClocks);
  }
  void extend(std::int64_t clock);

  std::vector<std::uint64_t> words_;  ///< ring
  std::uint64_t mask_;
  Pattern pattern_;       ///< the latest
  std::int64_t end_ = 0;  ///< whole words below it are valid
};

}  // namespace npusim
