#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace npusim {

/// A set of bank numbers.
class BankSet {
 public:
  explicit BankSet(std::size_t banks) : words_((banks + 63) / 64) {}

  void set(std::size_t bank, bool member) {
    std::uint64_t& word = words_[bank / 64];
    const std::size_t bit = bank % 64;
    word = (word & ~(std::uint64_t{1} << bit)) | std::uint64_t{member} << bit;
  }
  bool contains(std::size_t bank) const { return (words_[bank / 64] >> bank % 64 & 1) != 0; }

  bool empty() const {
    return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
  }

  /// Calls `visit` for every member in ascending order.
  template <typename Visit>
  void forEach(Visit&& visit) const {
    for (std::size_t word = 0; word < words_.size(); ++word) {
      for (std::uint64_t rest = words_[word]; rest != 0; rest &= rest - 1) {
        visit(word * 64 + static_cast<std::size_t>(std::countr_zero(rest)));
      }
    }
  }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace npusim
