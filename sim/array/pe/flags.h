#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "sim/array/pe/lines.h"
#include "sim/core/rounding.h"

namespace npusim {

/// 64 PEs of a line, one bit each; the first is the lowest bit.
using FlagWord = std::uint64_t;
constexpr std::int64_t kWordBits = 64;

/// One flag in every PE that moves with the operands along its line, or stays.
class Flags {
 public:
  Flags(std::int64_t lines, std::int64_t lanes)
      : words_(ceilDiv(lanes, kWordBits)),
        lastWord_(lanes % kWordBits == 0 ? ~FlagWord{0} : (FlagWord{1} << (lanes % kWordBits)) - 1),
        bits_(static_cast<std::size_t>(lines * words_)) {}

  std::int64_t words() const { return words_; }
  FlagWord* line(std::int64_t line) { return bits_.data() + line * words_; }
  bool get(std::int64_t line, std::int64_t lane) const {
    return (bits_[index(line, lane)] >> (lane % kWordBits) & 1) != 0;
  }
  void set(std::int64_t line, std::int64_t lane, bool flag) {
    const FlagWord bit = FlagWord{1} << (lane % kWordBits);
    FlagWord& word = bits_[index(line, lane)];
    word = flag ? word | bit : word & ~bit;
  }
  /// Raises the flag in every PE of the line.
  void raiseLine(std::int64_t line);
  /// Every flag moves a lane further; the first lane's falls, the last lane's is lost.
  void shift();
  void clear() { std::fill(bits_.begin(), bits_.end(), 0); }
  LineView<const FlagWord> view() const {
    return {bits_.data(), words_, 0, std::ssize(bits_) / words_};
  }

  /// Calls visit(line, lane) for every flag that is up.
  template <typename Visit>
  void forEach(Visit&& visit) const {
    for (std::int64_t i = 0; i < std::ssize(bits_); ++i) {
      for (FlagWord word = bits_[static_cast<std::size_t>(i)]; word != 0; word &= word - 1) {
        visit(i / words_, i % words_ * kWordBits + std::countr_zero(word));
      }
    }
  }

 private:
  std::size_t index(std::int64_t line, std::int64_t lane) const {
    return static_cast<std::size_t>(line * words_ + lane / kWordBits);
  }

  std::int64_t words_;
  FlagWord lastWord_;  ///< the PEs there are in a line's last word
  std::vector<FlagWord> bits_;
};

}  // namespace npusim
