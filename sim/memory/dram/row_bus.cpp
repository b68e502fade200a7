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
  const auto first = static_cast<std::uint64_t>(end_ / kWordClocks) & mask_;
  const auto count = static_cast<std::uint64_t>((clock - end_ + kWordClocks - 1) / kWordClocks);
  const std::uint64_t unwrapped = std::min(count, words_.size() - first);
  std::fill_n(words_.data() + first, unwrapped, 0);
  std::fill_n(words_.data(), count - unwrapped, 0);
  end_ += static_cast<std::int64_t>(count) * kWordClocks;
}

void RowBus::setPattern(std::int64_t clocks, std::int64_t spacing) {
  const std::int64_t commands = 1 + (kWordClocks - clocks) / spacing;
  std::uint64_t bits = 0;
  for (std::int64_t i = 0; i < commands; ++i) bits |= low(clocks) << (i * spacing);
  pattern_ = {clocks, spacing, commands, bits};
}

void RowBus::reserve(std::int64_t from, std::int64_t clocks, std::int64_t count,
                     std::int64_t spacing) {
  if (pattern_.clocks != clocks || pattern_.spacing != spacing) setPattern(clocks, spacing);
  extendTo(from + (count - 1) * spacing + clocks);
  for (; count > pattern_.commands; count -= pattern_.commands) {
    mark(from, kWordClocks, pattern_.bits);
    from += pattern_.commands * spacing;
  }
  const std::int64_t last = (count - 1) * spacing + clocks;
  mark(from, last, pattern_.bits & low(last));
}

}  // namespace npusim
