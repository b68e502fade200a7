#pragma once

#include <bit>
#include <cstdint>

namespace npusim {

/// Lines of a power of two bytes.
class LineSize {
 public:
  explicit LineSize(std::int64_t bytes)
      : shift_(std::countr_zero(static_cast<std::uint64_t>(bytes))) {}

  std::int64_t bytes() const { return std::int64_t{1} << shift_; }
  /// The line of a byte. Rounds down below 0 too: the lowest address of a padded operand may lie
  /// before its buffer.
  std::int64_t lineOf(std::int64_t address) const { return address >> shift_; }
  std::int64_t offsetIn(std::int64_t address) const { return address & (bytes() - 1); }

 private:
  int shift_;
};

}  // namespace npusim
