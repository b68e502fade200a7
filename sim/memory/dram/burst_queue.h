#pragma once

#include <cstdint>
#include <vector>

namespace npusim {

/// The bursts of one direction that wait in a controller, by bank in order of arrival.
class BurstQueue {
 public:
  using Index = std::int32_t;
  static constexpr Index kNone = -1;

  struct Entry {
    std::int64_t row = 0, column = 0;
    std::uint64_t age = 0;  ///< smaller: came earlier
    std::uint32_t bank = 0;
    std::uint32_t tag = 0;  ///< the sender's
    Index previous = kNone, next = kNone;
  };

  BurstQueue(std::int64_t capacity, std::size_t banks);

  std::int64_t size() const { return size_; }
  std::int64_t capacity() const { return capacity_; }
  bool full() const { return size_ == capacity_; }
  const Entry& operator[](Index index) const { return entries_[static_cast<std::size_t>(index)]; }
  Index oldest(std::size_t bank) const { return ends_[bank].head; }

  /// The first entry from `from` on, in order of age in its bank, that is of `row`.
  Index findRow(Index from, std::int64_t row) const {
    while (from != kNone && (*this)[from].row != row) from = (*this)[from].next;
    return from;
  }
  /// The entry of this burst, or kNone.
  Index find(std::size_t bank, std::int64_t row, std::int64_t column) const;

  /// Places at the end of its bank; the queue must not be full.
  Index push(const Entry& entry) {
    const Index index = free_;
    Entry& slot = at(index);
    free_ = slot.next;
    slot = entry;
    slot.next = kNone;
    Ends& ends = ends_[entry.bank];
    slot.previous = ends.tail;
    (ends.tail == kNone ? ends.head : at(ends.tail).next) = index;
    ends.tail = index;
    ++size_;
    return index;
  }
  void remove(Index index) {
    Entry& slot = at(index);
    Ends& ends = ends_[slot.bank];
    (slot.previous == kNone ? ends.head : at(slot.previous).next) = slot.next;
    (slot.next == kNone ? ends.tail : at(slot.next).previous) = slot.previous;
    slot.next = free_;
    free_ = index;
    --size_;
  }

 private:
  /// The oldest and the youngest of a bank.
  struct Ends {
    Index head = kNone, tail = kNone;
  };
  Entry& at(Index index) { return entries_[static_cast<std::size_t>(index)]; }

  std::vector<Entry> entries_;
  std::vector<Ends> ends_;  ///< by bank
  Index free_ = 0;          ///< list through `next`
  std::int64_t capacity_, size_ = 0;
};

}  // namespace npusim
