#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/memory/dram/row_sequencer.h"
#include "sim/memory/dram/row_visit.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// One DRAM channel, costed by rows visited; RowSequencer places the commands. The policy between
/// requests, which come one by one in order of time:
///  - A read is placed as it arrives, behind what is placed already.
///  - A write is posted: it is done once the write queue has taken its data. It stays there while
///    reads are under way (their column commands lie at or after now), until the queue is fuller
///    than `drainAbove`; then the oldest go, down to below `drainBelow`. When nothing reads, all go
///    at once. Bursts leave the queue with their column commands. What one request writes in one
///    region (visits added together) goes together.
///  - A read of data that wait in the write queue gets them a clock later, without the DRAM.
class DramChannel {
 public:
  explicit DramChannel(const MemoryConfig& memory);

  /// One request: begin(), then its visits, then end().
  void begin(std::int64_t arrival, Direction direction, MemoryEvents& events);
  /// Visits to different banks that take turns, one burst of each. They are scratch afterwards.
  void add(std::span<RowVisit> visits);
  Completion end();

  void beginPhase();
  /// Nothing more comes before `cycle`: queued writes go, refreshes fall due.
  void idleUntil(std::int64_t cycle, MemoryEvents& events);
  void logTo(std::vector<RowCommand>* log) { sequencer_.logTo(log); }

 private:
  /// Visits of the write queue that were added together: the next `visits` of queued_.
  struct Batch {
    std::size_t visits = 0;
    std::int64_t bursts = 0;
  };

  void write(std::span<RowVisit> visits);
  void drain(std::int64_t level, std::int64_t earliest, MemoryEvents& events);
  std::span<RowVisit> forward(std::span<RowVisit> visits);
  std::int64_t queuedBursts(const RowVisit& visit) const;
  Completion readDone();
  Completion writeDone();

  const std::int64_t writeQueue_;
  std::int64_t drainAt_, drainTo_;  ///< bursts in the write queue
  RowSequencer sequencer_;
  std::vector<RowVisit> queued_;
  std::vector<Batch> batches_;
  std::size_t nextVisit_ = 0, nextBatch_ = 0;  ///< of the queue: those before have gone
  std::int64_t queuedBursts_ = 0, written_ = 0;
  std::int64_t lastRead_ = RowHistory::kLongAgo;  ///< column command
  std::optional<RowRequest> request_;
  std::int64_t accepted_ = 0;  ///< cycle in which the queue takes the request's first write
  bool forwarded_ = false;
};

}  // namespace npusim
