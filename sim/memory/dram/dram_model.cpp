#include "sim/memory/dram/dram_model.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim {

DramModel::DramModel(const MemoryConfig& memory)
    : clock_(memory.timing.clockMhz),
      map_(memory),
      bankGroups_(memory.bankGroups),
      banksPerGroup_(memory.banksPerGroup),
      blockBursts_(map_.innerInterleave() * map_.requestColumns()),
      roundBursts_(map_.interleave() * map_.requestColumns()),
      lanes_(static_cast<std::size_t>(memory.channels), {DramChannel(memory), {}, false}) {}

Completion DramModel::transfer(std::int64_t startCycle, Direction direction,
                               std::span<const Piece> pieces, MemoryEvents& events) {
  start_ = startCycle;
  direction_ = direction;
  events_ = &events;
  // Within a region the fields above co stand still: each bank it spans is visited once.
  const std::int64_t region = map_.columns() * map_.interleave();
  for (const Piece& piece : pieces) {
    std::int64_t burst = piece.address / map_.burstBytes();
    const std::int64_t end = ceilDiv(piece.address + piece.bytes, map_.burstBytes());
    while (burst < end) {
      const std::int64_t regionEnd = std::min(end, (burst / region + 1) * region);
      visitRegion(burst, regionEnd);
      burst = regionEnd;
    }
  }
  return finishRequest();
}

void DramModel::visitRegion(std::int64_t firstBurst, std::int64_t endBurst) {
  std::int64_t banks = map_.interleave();
  for (std::int64_t burst = firstBurst; burst < endBurst && banks > 0;) {
    // A block's first bursts are in a bank each, its others in those again.
    const std::int64_t blockEnd = (burst / blockBursts_ + 1) * blockBursts_;
    const std::int64_t turnEnd =
        std::min({burst + std::min(banks, map_.innerInterleave()), blockEnd, endBurst});
    banks -= turnEnd - burst;
    for (; burst < turnEnd; ++burst) addVisit(burst, burstsOfBank(burst, endBurst));
    burst = blockEnd;
  }
  for (const std::size_t index : inRegion_) {
    Lane& lane = lanes_[index];
    lane.channel.add(lane.visits);
    lane.visits.clear();
  }
  inRegion_.clear();
}

void DramModel::addVisit(std::int64_t burst, std::int64_t bursts) {
  const DramLocation at = map_.locate(burst);
  const auto index = static_cast<std::size_t>(at.channel);
  Lane& lane = lanes_[index];
  if (!lane.inRequest) {
    lane.inRequest = true;
    touched_.push_back(index);
    lane.channel.begin(start_, direction_, *events_);
  }
  if (lane.visits.empty()) inRegion_.push_back(index);
  const std::int64_t group = at.rank * bankGroups_ + at.bankGroup;
  lane.visits.push_back({.rank = static_cast<std::int32_t>(at.rank),
                         .group = static_cast<std::int32_t>(group),
                         .bank = static_cast<std::int32_t>(group * banksPerGroup_ + at.bank),
                         .row = at.row,
                         .column = at.column,
                         .bursts = bursts});
}

/// How many bursts from `burst` to `endBurst`, in one region, lie in the bank of `burst`.
std::int64_t DramModel::burstsOfBank(std::int64_t burst, std::int64_t endBurst) const {
  const std::int64_t inner = map_.innerInterleave();
  if (map_.requestColumns() == 1) return ceilDiv(endBurst - burst, inner);
  const std::int64_t block = burst % roundBursts_ / blockBursts_;
  const std::int64_t turn = burst % inner;
  const auto before = [&](std::int64_t end) {
    const std::int64_t rounds = end / roundBursts_;
    const std::int64_t inBlock = end % roundBursts_ - block * blockBursts_;
    const std::int64_t more = inBlock <= turn ? 0 : ceilDiv(inBlock - turn, inner);
    return rounds * map_.requestColumns() + std::min(more, map_.requestColumns());
  };
  return before(endBurst) - before(burst);
}

Completion DramModel::finishRequest() {
  Completion done = {INT64_MAX, start_};
  for (const std::size_t index : touched_) {
    Lane& lane = lanes_[index];
    const Completion of = lane.channel.end();
    done.firstData = std::min(done.firstData, of.firstData);
    done.end = std::max(done.end, of.end);
    lane.inRequest = false;
  }
  touched_.clear();
  done.firstData = std::min(done.firstData, done.end);
  return done;
}

void DramModel::beginPhase() {
  for (Lane& lane : lanes_) lane.channel.beginPhase();
}

void DramModel::idleUntil(std::int64_t cycle, MemoryEvents& events) {
  for (Lane& lane : lanes_) lane.channel.idleUntil(cycle, events);
}

}  // namespace npusim
