#pragma once

#include "sim/config/chip_config.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// A shared on-chip level behind the DMA engines (system cache, common memory), of which bandwidth
/// and latency are known and no more. It moves kBurstBytes in a cycle of its own clock, requests
/// one after the other; data begin a latency after a request, whose latency hides behind the data
/// of those before it.
class SramModel : public MemoryModel {
 public:
  static constexpr std::int64_t kBurstBytes = 64;

  explicit SramModel(const MemoryConfig& memory);

  const ClockDomain& clock() const override { return clock_; }
  std::int64_t burstBytes() const override { return kBurstBytes; }
  Completion transfer(std::int64_t startCycle, Direction direction, std::span<const Piece> pieces,
                      MemoryEvents& events) override;
  void beginPhase() override { free_ = 0; }
  void idleUntil(std::int64_t /*cycle*/, MemoryEvents& /*events*/) override {}

 private:
  const ClockDomain clock_;
  const std::int64_t latency_;  ///< cycles
  std::int64_t free_ = 0;       ///< when the next burst can begin
};

}  // namespace npusim
