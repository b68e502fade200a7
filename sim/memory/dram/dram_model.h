#pragma once

#include <vector>

#include "sim/memory/dram/address_map.h"
#include "sim/memory/dram/dram_channel.h"

namespace npusim {

/// DRAM of one or more channels: pieces become row visits by the address mapping, each channel
/// serves its own in order.
class DramModel : public MemoryModel {
 public:
  explicit DramModel(const MemoryConfig& memory);

  const ClockDomain& clock() const override { return clock_; }
  std::int64_t burstBytes() const override { return map_.burstBytes(); }
  Completion transfer(std::int64_t startCycle, Direction direction, std::span<const Piece> pieces,
                      MemoryEvents& events) override;
  void beginPhase() override;
  void idleUntil(std::int64_t cycle, MemoryEvents& events) override;

 private:
  struct Request;
  void visitRegion(std::int64_t firstBurst, std::int64_t endBurst, Request& request);

  ClockDomain clock_;
  AddressMap map_;
  std::vector<DramChannel> channels_;
  std::vector<std::vector<RowVisit>> visits_;  ///< by channel, scratch
  std::vector<std::int64_t> touched_;          ///< channels with visits, scratch
};

}  // namespace npusim
