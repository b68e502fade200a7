#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/memory/dram/address_map.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// One request of a trace: 64 bytes at a byte address, split into bursts that are offered in the
/// same clock where a burst is shorter.
struct TraceRequest {
  static constexpr std::int64_t kClosedLoop = -1;
  std::int64_t arrival = kClosedLoop;  ///< memory clock; closed loop: as early as allowed
  std::int64_t address = 0;
  Direction direction = Direction::Read;
};

/// Cycles are of the memory clock.
struct TraceResult {
  std::int64_t requests = 0, reads = 0, writes = 0;
  std::int64_t cycles = 0;  ///< from the first offer to the last completion
  double readLatency = 0;   ///< mean, from acceptance by the queue to the last data
  std::int64_t leastReadLatency = 0, mostReadLatency = 0;
  /// Reads by latency: entry i counts those of [i, i + 1) x histogramStep cycles, the last one all
  /// beyond.
  std::vector<std::int64_t> histogram;
  std::int64_t histogramStep = 8;
  MemoryEvents events;

  double rowHitRate() const;
};

/// Runs a trace through the command-level controllers of a memory: FR-FCFS with row-hit
/// protection, open page, write drain, all-bank refresh. Closed-loop requests: at most
/// `kOutstanding` under way and one offered a clock, strictly in order. An arrival in the past is
/// offered as soon as the requests before it are.
class TraceRun {
 public:
  static constexpr std::int64_t kOutstanding = 64;
  static constexpr std::int64_t kRequestBytes = AddressMap::kRequestBytes;

  explicit TraceRun(const MemoryConfig& memory);
  ~TraceRun();

  void offer(const TraceRequest& request);
  /// Completes what is under way.
  TraceResult finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace npusim
