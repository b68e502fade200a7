#include "sim/trace/array_recording.h"

#include <algorithm>

#include "sim/core/error.h"

namespace npusim {

void ArrayRecording::onCycle(std::int64_t cycle, std::span<const PeCycle> pes) {
  const std::int64_t needed = window_.rows.last * arrayCols_ + window_.cols.last + 1;
  ensure(std::ssize(pes) >= needed, "an observed array is smaller than the window on it");
  const std::int64_t working = std::ranges::count(pes, true, &PeCycle::works);
  workSeen_ += working;
  if (!cycles_.contains(cycle)) return;
  Frame frame{cycle, working, {}};
  for (std::int64_t row = window_.rows.first; row <= window_.rows.last; ++row) {
    for (std::int64_t col = window_.cols.first; col <= window_.cols.last; ++col) {
      const PeCycle& pe = pes[static_cast<std::size_t>(row * arrayCols_ + col)];
      if (pe.works) frame.steps.push_back({row, col, pe});
    }
  }
  frames_.push_back(std::move(frame));
}

void ArrayRecording::finish(std::int64_t cycles) {
  const std::int64_t end = std::min(cycles, cycles_.last + 1);
  std::int64_t cycle = frames_.empty() ? cycles_.first : frames_.back().cycle + 1;
  for (; cycle < end; ++cycle) frames_.push_back({cycle, 0, {}});
}

}  // namespace npusim
