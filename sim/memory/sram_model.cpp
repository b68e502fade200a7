#include "sim/memory/sram_model.h"

#include <algorithm>
#include <cmath>

namespace npusim {
namespace {

double burstsPerMicrosecond(const MemoryConfig& memory) {
  return memory.bandwidthGbPerS * 1e3 / static_cast<double>(requestBytes(memory.kind));
}

}  // namespace

SramModel::SramModel(const MemoryConfig& memory)
    : burstBytes_(requestBytes(memory.kind)),
      clock_(burstsPerMicrosecond(memory)),
      latency_(static_cast<std::int64_t>(
          std::ceil(memory.latencyNs * burstsPerMicrosecond(memory) / 1e3))) {}

/// Bursts that cover the piece.
std::int64_t SramModel::burstsOf(const Piece& piece) const {
  if (piece.bytes == 0) return 0;
  const std::int64_t first = piece.address / burstBytes_;
  return (piece.address + piece.bytes - 1) / burstBytes_ - first + 1;
}

Completion SramModel::transfer(std::int64_t startCycle, Direction direction,
                               std::span<const Piece> pieces, MemoryEvents& events) {
  std::int64_t bursts = 0;
  for (const Piece& piece : pieces) bursts += burstsOf(piece);
  events.bursts += bursts;
  (direction == Direction::Read ? events.reads : events.writes) += bursts;
  const std::int64_t first = std::max(startCycle + latency_, free_);
  free_ = first + bursts;
  return {first, free_};
}

}  // namespace npusim
