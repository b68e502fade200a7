#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// When one tile uses the array, in core cycles.
struct ArraySlot {
  std::int64_t prologueStart = 0, streamStart = 0, streamEnd = 0, completion = 0;
};

/// Places tiles on the array in order. Overlapped: a tile's prologue runs under the stream before
/// it (with double-buffered weights) and its drain under the stream after it; what is left of the
/// prologue shows. SCALE-Sim's convention: nothing overlaps.
class ArraySchedule {
 public:
  explicit ArraySchedule(const ArrayConfig& array)
      : overlapped_(array.convention == Convention::Overlapped),
        doubleBuffered_(array.doubleBufferedWeights) {}

  void reset() { *this = ArraySchedule(overlapped_, doubleBuffered_); }

  /// Places a tile that was issued at `issued` and whose operands stretch its stream.
  ArraySlot place(std::int64_t issued, const ArrayTiming& timing, std::int64_t stretch) {
    const std::int64_t free = !overlapped_      ? last_.completion
                              : doubleBuffered_ ? last_.streamStart
                                                : last_.streamEnd;
    ArraySlot slot;
    slot.prologueStart = std::max(issued, free);
    slot.streamStart = std::max(slot.prologueStart + timing.prologue, last_.streamEnd);
    slot.streamEnd = slot.streamStart + timing.stream + stretch;
    slot.completion = std::max(slot.streamEnd + timing.drain, last_.completion);
    fill_ += slot.streamStart - std::max(slot.prologueStart, last_.streamEnd);
    last_ = slot;
    return slot;
  }

  const ArraySlot& last() const { return last_; }

  /// Cycles so far in which nothing streamed because an issued tile filled the array. What the
  /// array drains while no tile is there is the Timeline's to explain.
  std::int64_t fillCycles() const { return fill_; }

 private:
  ArraySchedule(bool overlapped, bool doubleBuffered)
      : overlapped_(overlapped), doubleBuffered_(doubleBuffered) {}

  bool overlapped_, doubleBuffered_;
  ArraySlot last_;
  std::int64_t fill_ = 0;
};

}  // namespace npusim
