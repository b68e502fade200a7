#include "sim/memory/dram/dram_model.h"

#include <algorithm>

namespace npusim {

DramModel::DramModel(const MemoryConfig& memory)
    : clock_(memory.timing.clockMhz),
      map_(memory),
      bankGroups_(memory.bankGroups),
      banksPerGroup_(memory.banksPerGroup),
      burstBytes_(map_.burstBytes()),
      regionBursts_(map_.columns() * map_.interleave()),
      inner_(map_.innerInterleave()),
      blockBursts_(map_.innerInterleave() * map_.requestColumns()),
      roundBursts_(map_.interleave() * map_.requestColumns()),
      lanes_(static_cast<std::size_t>(memory.channels), {DramChannel(memory), {}, false}) {}

Completion DramModel::transfer(std::int64_t startCycle, Direction direction,
                               std::span<const Piece> pieces, MemoryEvents& events) {
  start_ = startCycle;
  direction_ = direction;
  events_ = &events;
  for (const Piece& piece : pieces) {
    std::int64_t burst = burstBytes_.quotient(piece.address);
    const std::int64_t end =
        burstBytes_.quotient(piece.address + piece.bytes + burstBytes_.value() - 1);
    while (burst < end) {
      const std::int64_t region = regionBursts_.quotient(burst) + 1;
      const std::int64_t regionEnd = std::min(end, region * regionBursts_.value());
      visitRegion(burst, regionEnd);
      burst = regionEnd;
    }
  }
  return finishRequest();
}

void DramModel::visitRegion(std::int64_t firstBurst, std::int64_t endBurst) {
  if (map_.interleave() == 1) {
    const DramLocation at = map_.locate(firstBurst);
    RowVisit visit = visitAt(at, endBurst - firstBurst);
    laneOf(at).channel.add({&visit, 1});
    return;
  }
  std::int64_t banks = map_.interleave();
  for (std::int64_t burst = firstBurst; burst < endBurst && banks > 0;) {
    // A block's first bursts are in a bank each, its others in those again.
    const std::int64_t blockEnd = (blockBursts_.quotient(burst) + 1) * blockBursts_.value();
    const std::int64_t turnEnd =
        std::min({burst + std::min(banks, inner_.value()), blockEnd, endBurst});
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
  Lane& lane = laneOf(at);
  if (lane.visits.empty()) inRegion_.push_back(static_cast<std::size_t>(at.channel));
  lane.visits.push_back(visitAt(at, bursts));
}

/// The channel of a burst, which the request has now reached.
DramModel::Lane& DramModel::laneOf(const DramLocation& at) {
  const auto index = static_cast<std::size_t>(at.channel);
  Lane& lane = lanes_[index];
  if (!lane.inRequest) {
    lane.inRequest = true;
    touched_.push_back(index);
    lane.channel.begin(start_, direction_, *events_);
  }
  return lane;
}

RowVisit DramModel::visitAt(const DramLocation& at, std::int64_t bursts) const {
  const std::int64_t group = at.rank * bankGroups_ + at.bankGroup;
  return {.rank = static_cast<std::int32_t>(at.rank),
          .group = static_cast<std::int32_t>(group),
          .bank = static_cast<std::int32_t>(group * banksPerGroup_ + at.bank),
          .row = at.row,
          .column = at.column,
          .bursts = bursts};
}

/// How many bursts from `burst` to `endBurst`, in one region, lie in the bank of `burst`.
std::int64_t DramModel::burstsOfBank(std::int64_t burst, std::int64_t endBurst) const {
  const std::int64_t columns = map_.requestColumns();
  const auto turns = [&](std::int64_t count) {
    return inner_.quotient(count + inner_.value() - 1);
  };
  if (columns == 1) return turns(endBurst - burst);
  const std::int64_t block = blockBursts_.quotient(roundBursts_.remainder(burst));
  const std::int64_t turn = inner_.remainder(burst);
  const auto before = [&](std::int64_t end) {
    const std::int64_t inBlock = roundBursts_.remainder(end) - block * blockBursts_.value() - turn;
    const std::int64_t more = inBlock <= 0 ? 0 : std::min(turns(inBlock), columns);
    return roundBursts_.quotient(end) * columns + more;
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
