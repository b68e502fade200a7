#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

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

  explicit ReadySet(std::size_t banks) : places_(banks, kNowhere) {}

  bool empty() const { return members_.empty(); }

  /// Adds a bank or changes its order. `ready`: when its own rules allow the command.
  void put(std::size_t bank, std::uint64_t order, std::int64_t ready) {
    std::uint32_t& place = places_[bank];
    if (place == kNowhere) {
      place = static_cast<std::uint32_t>(members_.size());
      members_.push_back({order, bank});
    } else {
      if (members_[place].order == order) return;
      members_[place].order = order;
    }
    if (order < first_.order) {
      overtaken_ = std::min(overtaken_, ready);
    } else if (bank == first_.bank || ready < first_.clock) {
      overtaken_ = kUnknown;
    }
  }
  /// Takes out a member.
  void remove(std::size_t bank) {
    const Member& last = members_.back();
    places_[last.bank] = places_[bank];
    members_[places_[bank]] = last;
    members_.pop_back();
    places_[bank] = kNowhere;
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
  static constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();
  struct Member {
    std::uint64_t order;
    std::size_t bank;
  };

  template <typename ReadyOf>
  void find(std::int64_t floor, const ReadyOf& readyOf) {
    std::uint64_t leastKey = kNoKey, second = kNoKey;
    const Member* least = members_.data();
    for (const Member& member : members_) {
      const auto wait = static_cast<std::uint64_t>(std::max(readyOf(member.bank), floor) - floor);
      const std::uint64_t key = (wait << kOrderBits) + member.order;
      second = std::min(second, std::max(key, leastKey));
      least = key < leastKey ? &member : least;
      leastKey = std::min(key, leastKey);
    }
    const auto clockOf = [&](std::uint64_t key) {
      return floor + static_cast<std::int64_t>(key >> kOrderBits);
    };
    first_ = {clockOf(leastKey), least->order, least->bank};
    overtaken_ = std::max(clockOf(second), first_.clock + 1);
  }

  std::vector<Member> members_;        ///< in any order
  std::vector<std::uint32_t> places_;  ///< by bank: in members_
  First first_;
  /// Before this clock nothing comes before first_: what is of a lesser order is not ready.
  std::int64_t overtaken_ = kUnknown;
};

}  // namespace npusim
