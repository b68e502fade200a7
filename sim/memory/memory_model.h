#pragma once

#include <cstdint>
#include <span>

#include "sim/memory/clock.h"

namespace npusim {

enum class Direction : std::uint8_t { Read, Write };

/// Contiguous bytes of a memory.
struct Piece {
  std::int64_t address = 0, bytes = 0;
};

/// What happened in a memory. A burst is a hit when its row was open already, a miss when its bank
/// was closed, a conflict when another row had to be closed first.
struct MemoryEvents {
  std::int64_t bursts = 0;
  std::int64_t rowHits = 0, rowMisses = 0, rowConflicts = 0;
  std::int64_t activates = 0, refreshes = 0;
  std::int64_t reads = 0, writes = 0;  ///< column commands: bursts by direction
  /// Rank-cycles with some bank open; the others had none.
  std::int64_t activeCycles = 0, idleCycles = 0;
};

/// When a memory has moved a request's data, in its own clock; has taken them, of posted writes.
struct Completion {
  std::int64_t firstData = 0;  ///< the first burst begins on the bus, or is taken
  std::int64_t end = 0;        ///< the last burst has ended, or has been taken
};

/// One off-chip memory. Requests come in non-decreasing order of `startCycle`.
class MemoryModel {
 public:
  virtual ~MemoryModel() = default;

  /// The memory's own clock; every cycle number below counts it.
  virtual const ClockDomain& clock() const = 0;
  /// Smallest unit it moves.
  virtual std::int64_t burstBytes() const = 0;

  /// Moves the pieces in order, whole bursts each, arriving at `startCycle`. Adds to `events`.
  virtual Completion transfer(std::int64_t startCycle, Direction direction,
                              std::span<const Piece> pieces, MemoryEvents& events) = 0;

  /// Begins a new phase at cycle 0: time starts again, open rows stay open.
  virtual void beginPhase() = 0;
  /// Nothing more comes before `cycle`: posted writes go out, refreshes due before it are done.
  virtual void idleUntil(std::int64_t cycle, MemoryEvents& events) = 0;
};

}  // namespace npusim
