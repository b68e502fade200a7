#pragma once

#include "sim/config/chip_config.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// A level behind the DMA engines of which bandwidth and latency are known and no more: a shared
/// on-chip one (system cache, common memory), or the host's memory over its link. It moves a burst,
/// requestBytes() of its kind, in a cycle of its own clock, requests one after the other; data
/// begin a latency after a request, whose latency hides behind the data of those before it.
class SramModel : public MemoryModel {
 public:
  explicit SramModel(const MemoryConfig& memory);

  const ClockDomain& clock() const override { return clock_; }
  std::int64_t burstBytes() const override { return burstBytes_; }
  Completion transfer(std::int64_t startCycle, Direction direction, std::span<const Piece> pieces,
                      MemoryEvents& events) override;
  void beginPhase() override { free_ = 0; }
  void idleUntil(std::int64_t /*cycle*/, MemoryEvents& /*events*/) override {}

 private:
  std::int64_t burstsOf(const Piece& piece) const;

  const std::int64_t burstBytes_;
  const ClockDomain clock_;
  const std::int64_t latency_;  ///< cycles
  std::int64_t free_ = 0;       ///< when the next burst can begin
};

}  // namespace npusim
