#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/array/observer.h"

namespace npusim {

/// Numbers from `first` to `last`, both included.
struct Interval {
  std::int64_t first = 0, last = 0;
  std::int64_t count() const { return last - first + 1; }
  bool contains(std::int64_t number) const { return first <= number && number <= last; }
};

/// The PEs of an array that are looked at.
struct PeWindow {
  Interval rows, cols;
};

/// What an array did, kept for the cycles and PEs of a window: only PEs that work, since the others
/// have nothing to show.
class ArrayRecording : public ArrayObserver {
 public:
  /// A PE that works.
  struct Step {
    std::int64_t row, col;
    PeCycle pe;
  };
  struct Frame {
    std::int64_t cycle;
    std::int64_t working;     ///< PEs of the whole array
    std::vector<Step> steps;  ///< of the window, row by row
  };

  /// Of an array with `arrayCols` columns.
  ArrayRecording(std::int64_t arrayCols, Interval cycles, PeWindow window)
      : arrayCols_(arrayCols), cycles_(cycles), window_(window) {}

  void onCycle(std::int64_t cycle, std::span<const PeCycle> pes) override;
  /// The instruction took `cycles` in all: those after the last one seen were idle.
  void finish(std::int64_t cycles);

  const PeWindow& window() const { return window_; }
  const std::vector<Frame>& frames() const { return frames_; }
  /// PE-cycles of work in all cycles and PEs, in and outside the window.
  std::int64_t workSeen() const { return workSeen_; }

 private:
  std::int64_t arrayCols_;
  Interval cycles_;
  PeWindow window_;
  std::vector<Frame> frames_;
  std::int64_t workSeen_ = 0;
};

}  // namespace npusim
