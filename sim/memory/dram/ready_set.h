#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "sim/memory/dram/bank_set.h"

namespace npusim {

/// Banks of a rank to which one kind of command could be given, each with its place in the order
/// of those that could come in the same clock. It remembers which is first for as long as no other
/// can overtake it, and looks for it without branches: both count, as commands are random.
class ReadySet {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  /// Orders are below 1 << kOrderBits; ready clocks at most 1 << 22 after the floor.
  static constexpr unsigned kOrderBits = 41;

  /// The first to come: the earliest, and of those the least in order.
  struct First {
    std::int64_t clock = 0;
    std::uint64_t order = 0;
    std::size_t bank = 0;
  };

  explicit ReadySet(std::size_t banks) : members_(banks), orders_(banks) {}

  bool empty() const { return size_ == 0; }
  bool contains(std::size_t bank) const { return members_.contains(bank); }

  /// Adds a bank or changes its order. `ready`: when its own rules allow the command.
  void put(std::size_t bank, std::uint64_t order, std::int64_t ready) {
    const bool member = members_.contains(bank);
    if (member && orders_[bank] == order) return;
    size_ += member ? 0 : 1;
    members_.set(bank, true);
    orders_[bank] = order;
    if (order < first_.order) {
      overtaken_ = std::min(overtaken_, ready);
    } else if (bank == first_.bank || ready < first_.clock) {
      overtaken_ = kUnknown;
    }
  }
  /// Takes out a member.
  void remove(std::size_t bank) {
    members_.set(bank, false);
    --size_;
    if (bank == first_.bank) overtaken_ = kUnknown;
  }

  /// The first bank from `floor` on, which never goes back; `readyOf(bank)` only rises. The set is
  /// not empty.
  template <typename ReadyOf>
  First first(std::int64_t floor, const ReadyOf& readyOf) {
    const std::int64_t clock = std::max(floor, first_.clock);
    if (clock < overtaken_ && readyOf(first_.bank) <= clock) {
      return {clock, first_.order, first_.bank};
    }
    find(floor, readyOf);
    return first_;
  }

 private:
  static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();
  static constexpr std::uint64_t kNoKey = std::numeric_limits<std::uint64_t>::max();

  template <typename ReadyOf>
  void find(std::int64_t floor, const ReadyOf& readyOf) {
    std::uint64_t least = kNoKey, second = kNoKey;
    std::size_t leastBank = 0;
    members_.forEach([&](std::size_t bank) {
      const std::int64_t after = readyOf(bank) - floor;
      const auto wait = static_cast<std::uint64_t>(after & ~(after >> 63));  // at least 0
      const std::uint64_t key = (wait << kOrderBits) + orders_[bank];
      const std::uint64_t larger = key < least ? least : key;
      leastBank = key < least ? bank : leastBank;
      least = key < least ? key : least;
      second = larger < second ? larger : second;
    });
    const auto clockOf = [&](std::uint64_t key) {
      return floor + static_cast<std::int64_t>(key >> kOrderBits);
    };
    first_ = {clockOf(least), orders_[leastBank], leastBank};
    overtaken_ = std::max(clockOf(second), first_.clock + 1);
  }

  BankSet members_;
  std::size_t size_ = 0;
  std::vector<std::uint64_t> orders_;  ///< by bank
  First first_;
  /// Before this clock nothing comes before first_: what is of a lesser order is not ready.
  std::int64_t overtaken_ = kUnknown;
};

}  // namespace npusim
