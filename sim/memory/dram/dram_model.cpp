#include "sim/memory/dram/dram_model.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim {

struct DramModel::Request {
  std::int64_t start;
  Direction direction;
  MemoryEvents& events;
  Completion done;
};

DramModel::DramModel(const MemoryConfig& memory)
    : clock_(memory.timing.clockMhz),
      map_(memory),
      channels_(static_cast<std::size_t>(memory.channels), DramChannel(memory)),
      visits_(static_cast<std::size_t>(memory.channels)) {}

Completion DramModel::transfer(std::int64_t startCycle, Direction direction,
                               std::span<const Piece> pieces, MemoryEvents& events) {
  Request request{startCycle, direction, events, {INT64_MAX, startCycle}};
  // Within a region the fields above co stand still: each bank it spans is visited once.
  const std::int64_t region = map_.columns() * map_.interleave();
  for (const Piece& piece : pieces) {
    std::int64_t burst = piece.address / map_.burstBytes();
    const std::int64_t end = ceilDiv(piece.address + piece.bytes, map_.burstBytes());
    while (burst < end) {
      const std::int64_t regionEnd = std::min(end, (burst / region + 1) * region);
      visitRegion(burst, regionEnd, request);
      burst = regionEnd;
    }
  }
  request.done.firstData = std::min(request.done.firstData, request.done.end);
  return request.done;
}

void DramModel::visitRegion(std::int64_t firstBurst, std::int64_t endBurst, Request& request) {
  const std::int64_t banks = std::min(map_.interleave(), endBurst - firstBurst);
  for (std::int64_t b = 0; b < banks; ++b) {
    const DramLocation at = map_.locate(firstBurst + b);
    const std::int64_t bursts = ceilDiv(endBurst - firstBurst - b, map_.interleave());
    std::vector<RowVisit>& visits = visits_[static_cast<std::size_t>(at.channel)];
    if (visits.empty()) touched_.push_back(at.channel);
    visits.push_back({at.rank, at.bankGroup, at.bank, at.row, bursts});
  }
  for (const std::int64_t channel : touched_) {
    std::vector<RowVisit>& visits = visits_[static_cast<std::size_t>(channel)];
    const Completion done = channels_[static_cast<std::size_t>(channel)].access(
        request.start, request.direction, visits, request.events);
    request.done.firstData = std::min(request.done.firstData, done.firstData);
    request.done.end = std::max(request.done.end, done.end);
    visits.clear();
  }
  touched_.clear();
}

void DramModel::beginPhase() {
  for (DramChannel& channel : channels_) channel.beginPhase();
}

void DramModel::idleUntil(std::int64_t cycle, MemoryEvents& events) {
  for (DramChannel& channel : channels_) channel.idleUntil(cycle, events);
}

}  // namespace npusim
