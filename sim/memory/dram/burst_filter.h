#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace npusim {

/// Tells quickly that a burst is not in a queue: counts of bursts by a hash of their place.
class BurstFilter {
 public:
  explicit BurstFilter(std::int64_t queueCapacity)
      : counts_(std::bit_ceil(static_cast<std::size_t>(8 * queueCapacity))) {}

  void add(std::size_t bank, std::int64_t row, std::int64_t column) {
    ++counts_[slot(bank, row, column)];
  }
  void remove(std::size_t bank, std::int64_t row, std::int64_t column) {
    --counts_[slot(bank, row, column)];
  }
  bool mayContain(std::size_t bank, std::int64_t row, std::int64_t column) const {
    return counts_[slot(bank, row, column)] != 0;
  }

 private:
  /// Consecutive columns of a row fall into different slots; rows and banks are spread by odd
  /// multipliers.
  std::size_t slot(std::size_t bank, std::int64_t row, std::int64_t column) const {
    const std::uint64_t hash = static_cast<std::uint64_t>(column) +
                               static_cast<std::uint64_t>(row) * 0x9E3779B1U +
                               static_cast<std::uint64_t>(bank) * 0x85EBCA77U;
    return static_cast<std::size_t>(hash ^ hash >> 17) & (counts_.size() - 1);
  }

  std::vector<std::uint16_t> counts_;
};

}  // namespace npusim
