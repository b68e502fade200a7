#include "sim/memory/dram/row_bus.h"

#include <algorithm>
#include <bit>

namespace npusim {

RowBus::RowBus(std::int64_t horizon)
    : words_(std::bit_ceil(static_cast<std::uint64_t>(horizon / kWordClocks + 4)), 0),
      mask_(words_.size() - 1) {}

void RowBus::clear() {
  std::ranges::fill(words_, 0);
  end_ = 0;
}

void RowBus::extend(std::int64_t clock) {
  const auto span = static_cast<std::int64_t>(words_.size()) * kWordClocks;
  if (clock - end_ >= span) {
    std::ranges::fill(words_, 0);
    end_ = (clock / kWordClocks + 1) * kWordClocks;
    return;
  }
  for (; end_ < clock; end_ += kWordClocks) word(end_) = 0;
}

void RowBus::reserve(std::int64_t from, std::int64_t clocks, std::int64_t count,
                     std::int64_t spacing) {
  const std::uint64_t one = (~std::uint64_t{0}) >> (64 - clocks);
  if (count == 1) {
    extendTo(from + clocks);
    mark(from, one);
    return;
  }
  // As many of them as fit a word go in at once.
  const std::int64_t fit = std::max<std::int64_t>(1, 1 + (kWordClocks - clocks) / spacing);
  std::uint64_t pattern = one;
  for (std::int64_t have = 1; have < fit; have *= 2) pattern |= pattern << (have * spacing);
  pattern &= (~std::uint64_t{0}) >> (kWordClocks - (fit - 1) * spacing - clocks);
  for (; count >= fit; count -= fit, from += fit * spacing) {
    extendTo(from + kWordClocks);
    mark(from, pattern);
  }
  for (; count > 0; --count, from += spacing) {
    extendTo(from + clocks);
    mark(from, one);
  }
}

}  // namespace npusim
