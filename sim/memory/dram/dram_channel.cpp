#include "sim/memory/dram/dram_channel.h"

#include <algorithm>
#include <cmath>

namespace npusim {

DramChannel::DramChannel(const MemoryConfig& memory)
    : writeQueue_(memory.controller.writeQueue), sequencer_(memory) {
  const auto size = static_cast<double>(writeQueue_);
  const auto above = static_cast<std::int64_t>(std::floor(size * memory.controller.drainAbove)) + 1;
  const auto below = static_cast<std::int64_t>(std::ceil(size * memory.controller.drainBelow)) - 1;
  drainAt_ = std::clamp<std::int64_t>(above, 1, writeQueue_);
  drainTo_ = std::clamp<std::int64_t>(below, 0, drainAt_ - 1);
}

void DramChannel::begin(std::int64_t arrival, Direction direction, MemoryEvents& events) {
  if (queuedBursts_ > 0 && lastRead_ < arrival)
    drain(0, std::max<std::int64_t>(0, lastRead_), events);
  request_.emplace(RowRequest{direction, arrival, events});
  forwarded_ = false;
  if (direction == Direction::Write) {
    accepted_ = std::max(arrival, sequencer_.writeColumn(written_ - writeQueue_));
  }
}

void DramChannel::add(std::span<RowVisit> visits) {
  if (request_->direction == Direction::Write) {
    write(visits);
    return;
  }
  if (queuedBursts_ > 0) visits = forward(visits);
  if (!visits.empty()) sequencer_.add(visits, *request_);
}

void DramChannel::write(std::span<RowVisit> visits) {
  std::int64_t bursts = 0;
  for (const RowVisit& visit : visits) bursts += visit.bursts;
  written_ += bursts;
  if (lastRead_ < request_->earliest) {
    sequencer_.add(visits, *request_);
    return;
  }
  queued_.insert(queued_.end(), visits.begin(), visits.end());
  batches_.push_back({visits.size(), bursts});
  queuedBursts_ += bursts;
  if (queuedBursts_ >= drainAt_) drain(drainTo_, request_->earliest, request_->events);
}

/// Places the oldest queued writes until at most `level` bursts are left.
void DramChannel::drain(std::int64_t level, std::int64_t earliest, MemoryEvents& events) {
  RowRequest request{Direction::Write, earliest, events};
  while (queuedBursts_ > level) {
    const Batch& batch = batches_[nextBatch_++];
    sequencer_.add(std::span(queued_).subspan(nextVisit_, batch.visits), request);
    nextVisit_ += batch.visits;
    queuedBursts_ -= batch.bursts;
  }
  sequencer_.finish(request);
  queued_.erase(queued_.begin(), queued_.begin() + static_cast<std::ptrdiff_t>(nextVisit_));
  batches_.erase(batches_.begin(), batches_.begin() + static_cast<std::ptrdiff_t>(nextBatch_));
  nextVisit_ = nextBatch_ = 0;
}

/// Takes out what the write queue holds; returns the visits that remain.
std::span<RowVisit> DramChannel::forward(std::span<RowVisit> visits) {
  for (RowVisit& visit : visits) {
    const std::int64_t found = queuedBursts(visit);
    if (found == 0) continue;
    forwarded_ = true;
    visit.bursts -= found;
    request_->events.bursts += found;
    request_->events.rowHits += found;
  }
  return withoutDone(visits);
}

/// How many of the visit's bursts wait in the write queue.
std::int64_t DramChannel::queuedBursts(const RowVisit& visit) const {
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  const std::int64_t end = visit.column + visit.bursts;
  for (const RowVisit& write : queued_) {
    if (write.bank != visit.bank || write.row != visit.row) continue;
    const std::int64_t first = std::max(write.column, visit.column);
    const std::int64_t last = std::min(write.column + write.bursts, end);
    if (first < last) ranges.emplace_back(first, last);
  }
  std::ranges::sort(ranges);
  std::int64_t bursts = 0, covered = visit.column;
  for (const auto& [first, last] : ranges) {
    bursts += std::max<std::int64_t>(0, last - std::max(first, covered));
    covered = std::max(covered, last);
  }
  return bursts;
}

Completion DramChannel::end() {
  sequencer_.finish(*request_);
  const Completion done = request_->direction == Direction::Read ? readDone() : writeDone();
  request_.reset();
  return done;
}

Completion DramChannel::readDone() {
  Completion done = {INT64_MAX, request_->earliest};
  if (request_->firstColumn != INT64_MAX) {
    const std::int64_t latency = sequencer_.timing().columnDone[0];
    lastRead_ = request_->lastColumn;
    done = {request_->firstColumn + latency - sequencer_.timing().burstCycles, lastRead_ + latency};
  }
  if (forwarded_) {
    done.firstData = std::min(done.firstData, request_->earliest);
    done.end = std::max(done.end, request_->earliest + 1);
  }
  return done;
}

Completion DramChannel::writeDone() {
  const std::int64_t last = sequencer_.writeColumn(written_ - 1 - writeQueue_);
  return {accepted_, std::max(request_->earliest, last) + 1};
}

void DramChannel::beginPhase() {
  sequencer_.restart();
  lastRead_ = RowHistory::kLongAgo;
  written_ = queuedBursts_;
}

void DramChannel::idleUntil(std::int64_t cycle, MemoryEvents& events) {
  if (queuedBursts_ > 0 && lastRead_ < cycle)
    drain(0, std::max<std::int64_t>(0, lastRead_), events);
  sequencer_.refreshBefore(cycle, events);
  sequencer_.settle(cycle, events);
}

}  // namespace npusim
