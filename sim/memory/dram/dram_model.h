#pragma once

#include <vector>

#include "sim/memory/dram/address_map.h"
#include "sim/memory/dram/dram_channel.h"

namespace npusim {

/// DRAM of one or more channels: pieces become row visits by the address mapping, each channel
/// serves its own in order. Within a region, where the fields above co stand still, the banks of a
/// channel take turns in order of their first burst. Writes are posted: their completion is when
/// the channels' write queues have taken the data (see DramChannel).
class DramModel : public MemoryModel {
 public:
  explicit DramModel(const MemoryConfig& memory);

  const ClockDomain& clock() const override { return clock_; }
  std::int64_t burstBytes() const override { return map_.burstBytes(); }
  Completion transfer(std::int64_t startCycle, Direction direction, std::span<const Piece> pieces,
                      MemoryEvents& events) override;
  void beginPhase() override;
  void idleUntil(std::int64_t cycle, MemoryEvents& events) override;
  /// Writes down every command of a channel from now on, as it is placed; null ends it.
  void logTo(std::size_t channel, std::vector<RowCommand>* log) {
    lanes_[channel].channel.logTo(log);
  }

 private:
  /// A channel and what the region at hand has for it.
  struct Lane {
    DramChannel channel;
    std::vector<RowVisit> visits;
    bool inRequest = false;
  };

  void visitRegion(std::int64_t firstBurst, std::int64_t endBurst);
  void addVisit(std::int64_t burst, std::int64_t bursts);
  Lane& laneOf(const DramLocation& at);
  RowVisit visitAt(const DramLocation& at, std::int64_t bursts) const;
  std::int64_t burstsOfBank(std::int64_t burst, std::int64_t endBurst) const;
  Completion finishRequest();

  ClockDomain clock_;
  AddressMap map_;
  const std::int64_t bankGroups_, banksPerGroup_;
  const FixedDivisor burstBytes_;
  const FixedDivisor regionBursts_;
  const FixedDivisor inner_;                     ///< banks that take turns below cl
  const FixedDivisor blockBursts_;               ///< until each of those had a request
  const FixedDivisor roundBursts_;               ///< until every bank of a region had one
  std::vector<Lane> lanes_;                      ///< by channel
  std::vector<std::size_t> touched_, inRegion_;  ///< channels, scratch
  std::int64_t start_ = 0;                       ///< of the request
  Direction direction_ = Direction::Read;
  MemoryEvents* events_ = nullptr;
};

}  // namespace npusim
