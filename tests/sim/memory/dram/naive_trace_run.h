#pragma once

#include <deque>
#include <map>
#include <vector>

#include "sim/memory/dram/trace_run.h"
#include "tests/sim/memory/dram/naive_controller.h"

namespace npusim::testing {

/// TraceRun clock by clock on NaiveControllers.
class NaiveTraceRun {
 public:
  explicit NaiveTraceRun(const MemoryConfig& memory)
      : map_(memory),
        channels_(static_cast<std::size_t>(memory.channels), NaiveController(memory)) {}

  struct Result {
    std::int64_t cycles = 0, latencySum = 0;
    MemoryEvents events;
  };

  Result run(const std::vector<TraceRequest>& trace) {
    std::size_t next = 0;
    while (next < trace.size() || !open_.empty()) {
      next = offerAt(trace, next);
      for (NaiveController& channel : channels_) tick(channel);
      ++clock_;
    }
    for (; clock_ < lastDone_; ++clock_) {
      for (NaiveController& channel : channels_) tick(channel);
    }
    for (const NaiveController& channel : channels_) add(channel.events);
    result_.cycles = lastDone_ - firstOffer_;
    return result_;
  }

 private:
  struct Open {
    std::int64_t accepted = 0, done = 0, offered = 0, served = 0;
    Direction direction = Direction::Read;
  };

  std::int64_t perRequest() const {
    return std::max<std::int64_t>(1, TraceRun::kRequestBytes / map_.burstBytes());
  }

  /// Offers what it can of request `next`; at most one request is finished in a clock.
  std::size_t offerAt(const std::vector<TraceRequest>& trace, std::size_t next) {
    if (next == trace.size()) return next;
    const TraceRequest& request = trace[next];
    const auto tag = static_cast<std::uint32_t>(next);
    if (!open_.contains(tag)) {
      if (request.arrival > clock_) return next;
      if (request.arrival == TraceRequest::kClosedLoop && underWay() >= TraceRun::kOutstanding) {
        return next;
      }
      open_[tag] = {.accepted = -1, .direction = request.direction};
      if (next == 0) firstOffer_ = clock_;
    }
    Open& open = open_[tag];
    const std::int64_t unit = std::max(TraceRun::kRequestBytes, map_.burstBytes());
    for (; open.offered < perRequest(); ++open.offered) {
      const DramLocation at = map_.locate(request.address / unit * perRequest() + open.offered);
      const auto outcome =
          channels_[static_cast<std::size_t>(at.channel)].offer(request.direction, at, clock_, tag);
      if (outcome == NaiveController::Outcome::Refused) return next;
      if (open.accepted < 0) open.accepted = clock_;
      if (outcome == NaiveController::Outcome::Queued) continue;
      ++open.served;
      open.done = std::max(open.done, clock_ + 1);
    }
    finishIfServed(tag);
    return next + 1;
  }

  std::int64_t underWay() const {
    const auto pending = std::count_if(completions_.begin(), completions_.end(),
                                       [&](std::int64_t done) { return done > clock_; });
    return pending + static_cast<std::int64_t>(open_.size());
  }

  void tick(NaiveController& channel) {
    std::vector<IssuedCommand> log;
    channel.tick(clock_, log);
    for (const IssuedCommand& issued : log) {
      if (issued.done == 0) continue;
      Open& open = open_[issued.tag];
      open.done = std::max(open.done, issued.done);
      ++open.served;
      finishIfServed(issued.tag);
    }
  }

  void finishIfServed(std::uint32_t tag) {
    const Open open = open_[tag];
    if (open.served < perRequest()) return;
    open_.erase(tag);
    completions_.push_back(open.done);
    lastDone_ = std::max(lastDone_, open.done);
    if (open.direction == Direction::Read) result_.latencySum += open.done - open.accepted;
  }

  void add(const MemoryEvents& events) {
    result_.events.bursts += events.bursts;
    result_.events.rowHits += events.rowHits;
    result_.events.rowMisses += events.rowMisses;
    result_.events.rowConflicts += events.rowConflicts;
    result_.events.activates += events.activates;
    result_.events.refreshes += events.refreshes;
    result_.events.reads += events.reads;
    result_.events.writes += events.writes;
    result_.events.activeCycles += events.activeCycles;
    result_.events.idleCycles += events.idleCycles;
  }

  AddressMap map_;
  std::vector<NaiveController> channels_;
  std::map<std::uint32_t, Open> open_;
  std::vector<std::int64_t> completions_;
  std::int64_t clock_ = 0, firstOffer_ = 0, lastDone_ = 0;
  Result result_;
};

}  // namespace npusim::testing
