#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/memory/dram/row_visit.h"

namespace npusim {

/// Short visits of which the next burst is to be chosen, each to another row. `age` counts them
/// from the oldest on, `slot` is where one stays while it is here.
class RowWindow {
 public:
  static constexpr std::size_t kVisits = 16;

  explicit RowWindow(std::int64_t banks) : slotsOf_(static_cast<std::size_t>(banks), 0) {}

  bool isFull() const { return size_ == kVisits; }
  std::size_t size() const { return size_; }
  std::int64_t bursts() const { return bursts_; }

  std::size_t slotOf(std::size_t age) const { return order_ >> kSlotBits * age & (kVisits - 1); }
  const RowVisit& visit(std::size_t slot) const { return visits_[slot]; }
  /// When its bank lets the visit's next burst go, as last set.
  std::int64_t ready(std::size_t slot) const { return ready_[slot]; }
  /// Whether its row was open then.
  bool isOpen(std::size_t slot) const { return (open_ >> slot & 1U) != 0; }
  bool hasOpen() const { return open_ != 0; }
  void setReady(std::size_t slot, std::int64_t ready, bool isOpen) {
    ready_[slot] = ready;
    open_ = (open_ & ~(1U << slot)) | (isOpen ? 1U << slot : 0U);
  }

  /// The slots whose visits go to a bank, a bit each.
  std::uint32_t slotsOf(std::int32_t bank) const {
    return slotsOf_[static_cast<std::size_t>(bank)];
  }

  /// Joins a visit to one of the same row; false if there is none.
  bool join(const RowVisit& visit) {
    for (std::uint32_t slots = slotsOf(visit.bank); slots != 0; slots &= slots - 1) {
      RowVisit& other = visits_[static_cast<std::size_t>(__builtin_ctz(slots))];
      if (other.row != visit.row) continue;
      other.bursts += visit.bursts;
      bursts_ += visit.bursts;
      return true;
    }
    return false;
  }

  /// Adds a visit as the youngest and returns its slot; the window is not full.
  std::size_t add(const RowVisit& visit) {
    const std::size_t slot = slotOf(size_++);
    visits_[slot] = visit;
    slotsOf_[static_cast<std::size_t>(visit.bank)] |= 1U << slot;
    bursts_ += visit.bursts;
    return slot;
  }

  /// Takes bursts of a visit, and the visit with the last of them.
  void take(std::size_t age, std::int64_t bursts) {
    const std::size_t slot = slotOf(age);
    RowVisit& visit = visits_[slot];
    bursts_ -= bursts;
    visit.bursts -= bursts;
    if (visit.bursts > 0) return;
    slotsOf_[static_cast<std::size_t>(visit.bank)] &= ~(1U << slot);
    open_ &= ~(1U << slot);
    --size_;
    const std::uint64_t older = (std::uint64_t{1} << kSlotBits * age) - 1;
    order_ = (order_ & older) | (order_ >> kSlotBits & ~older) |
             static_cast<std::uint64_t>(slot) << kSlotBits * (kVisits - 1);
  }

 private:
  static constexpr std::size_t kSlotBits = 4;

  std::array<RowVisit, kVisits> visits_;
  std::array<std::int64_t, kVisits> ready_{};
  std::vector<std::uint32_t> slotsOf_;            ///< by bank
  std::uint64_t order_ = 0xFEDC'BA98'7654'3210U;  ///< slots by age, then the free ones; 4 bits each
  std::uint32_t open_ = 0;                        ///< slots, a bit each
  std::size_t size_ = 0;
  std::int64_t bursts_ = 0;
};

}  // namespace npusim
