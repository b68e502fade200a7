#include "sim/memory/dram/burst_queue.h"

namespace npusim {

BurstQueue::BurstQueue(std::int64_t capacity, std::size_t banks)
    : entries_(static_cast<std::size_t>(capacity)), ends_(banks), capacity_(capacity) {
  for (std::size_t index = 0; index + 1 < entries_.size(); ++index) {
    entries_[index].next = static_cast<Index>(index + 1);
  }
}

BurstQueue::Index BurstQueue::find(std::size_t bank, std::int64_t row, std::int64_t column) const {
  Index index = findRow(oldest(bank), row);
  while (index != kNone && (*this)[index].column != column) {
    index = findRow((*this)[index].next, row);
  }
  return index;
}

}  // namespace npusim
