#include "sim/memory/dram/trace_run.h"

#include <algorithm>
#include <bit>

#include "sim/memory/dram/address_map.h"
#include "sim/memory/dram/completion_times.h"
#include "sim/memory/dram/controller.h"

namespace npusim {
namespace {

constexpr std::size_t kHistogramSteps = 256;
constexpr std::int64_t kHistogramStep = 8;  ///< cycles
constexpr std::int64_t kNoRoom = -1;        ///< as a clock

void add(MemoryEvents& sum, const MemoryEvents& events, std::int64_t sign) {
  for (const auto member : {&MemoryEvents::bursts, &MemoryEvents::rowHits, &MemoryEvents::rowMisses,
                            &MemoryEvents::rowConflicts, &MemoryEvents::activates,
                            &MemoryEvents::refreshes, &MemoryEvents::reads, &MemoryEvents::writes,
                            &MemoryEvents::activeCycles, &MemoryEvents::idleCycles}) {
    sum.*member += sign * events.*member;
  }
}

}  // namespace

double TraceResult::rowHitRate() const {
  if (events.bursts == 0) return 0;
  return static_cast<double>(events.rowHits) / static_cast<double>(events.bursts);
}

struct TraceRun::Impl {
  /// A request whose bursts have not all been given their commands.
  struct Open {
    std::int64_t accepted = 0, done = 0;
    std::int64_t bursts = 0;  ///< still waiting
    Direction direction = Direction::Read;
  };

  explicit Impl(const MemoryConfig& memory);

  void offer(const TraceRequest& request);
  TraceResult finish();

  std::int64_t arrivalClock(const TraceRequest& request);
  std::int64_t waitForRoom(std::int64_t clock);
  std::int64_t offerBurst(const DramLocation& location, std::int64_t clock, std::uint32_t tag);
  void advance(DramController& channel, std::int64_t clock);
  std::int64_t step(DramController& channel);
  std::int64_t makeRoom(DramController& channel, Direction direction);
  void complete(const Open& request);
  void countLatency(std::int64_t latency);
  void begin(std::int64_t clock);

  AddressMap map;
  std::int64_t burstsPerRequest;
  bool inOneRow;  ///< the bursts of a request lie in neighbouring columns
  int unitBits;   ///< a request begins at a multiple of 1 << unitBits bytes
  std::vector<DramController> channels;
  std::vector<Open> open;             ///< by tag
  std::vector<std::uint32_t> unused;  ///< tags
  CompletionTimes completions;        ///< of requests that wait for data only
  std::int64_t waiting = 0;           ///< open requests
  std::int64_t nextOffer = 0, firstOffer = 0, lastDone = 0, latencySum = 0;
  MemoryEvents before;  ///< the first offer
  TraceResult result;
};

TraceRun::Impl::Impl(const MemoryConfig& memory)
    : map(memory),
      burstsPerRequest(std::max<std::int64_t>(1, kRequestBytes / map.burstBytes())),
      inOneRow(map.neighbourColumns() % burstsPerRequest == 0),
      unitBits(
          std::countr_zero(static_cast<std::uint64_t>(std::max(kRequestBytes, map.burstBytes())))),
      channels(static_cast<std::size_t>(memory.channels), DramController(memory)) {
  const DramControllerConfig& queues = memory.controller;
  // Each open request but the one being offered has a burst in some queue.
  open.resize(
      static_cast<std::size_t>(memory.channels * (queues.readQueue + queues.writeQueue) + 1));
  for (std::size_t tag = open.size(); tag-- > 0;) unused.push_back(static_cast<std::uint32_t>(tag));
  result.histogram.resize(kHistogramSteps);
  result.histogramStep = kHistogramStep;
}

inline void TraceRun::Impl::advance(DramController& channel, std::int64_t clock) {
  while (channel.nextClock() < clock) step(channel);
}

/// The clock of the Read or Write that it gave, if it did: that made room.
inline std::int64_t TraceRun::Impl::step(DramController& channel) {
  const std::optional<IssuedCommand> issued = channel.step();
  if (!issued || issued->done == 0) return kNoRoom;
  Open& request = open[issued->tag];
  request.done = std::max(request.done, issued->done);
  if (--request.bursts == 0) {
    complete(request);
    unused.push_back(issued->tag);
  }
  return issued->clock;
}

inline void TraceRun::Impl::complete(const Open& request) {
  completions.add(request.done);
  --waiting;
  lastDone = std::max(lastDone, request.done);
  if (request.direction == Direction::Read) countLatency(request.done - request.accepted);
}

inline void TraceRun::Impl::countLatency(std::int64_t latency) {
  latencySum += latency;
  result.leastReadLatency =
      result.reads == 0 ? latency : std::min(result.leastReadLatency, latency);
  result.mostReadLatency = std::max(result.mostReadLatency, latency);
  ++result.reads;
  const auto step = static_cast<std::size_t>(latency / kHistogramStep);
  ++result.histogram[std::min(step, kHistogramSteps - 1)];
}

/// The first clock from `clock` on at which fewer than kOutstanding requests are under way.
inline std::int64_t TraceRun::Impl::waitForRoom(std::int64_t clock) {
  while (true) {
    completions.dropUntil(clock);
    if (waiting + completions.size() < kOutstanding) return clock;
    if (completions.empty()) {
      step(*std::ranges::min_element(channels, {}, &DramController::nextClock));
      continue;
    }
    const std::int64_t first = completions.first();
    for (DramController& channel : channels) advance(channel, first);
    if (completions.first() == first) clock = first;
  }
}

inline std::int64_t TraceRun::Impl::arrivalClock(const TraceRequest& request) {
  if (request.arrival == TraceRequest::kClosedLoop) return waitForRoom(nextOffer);
  const std::int64_t clock = std::max(nextOffer, request.arrival);
  completions.dropUntil(clock);
  for (DramController& channel : channels) {
    while (!channel.idle() && channel.nextClock() < clock) step(channel);
    channel.skipIdle(clock);
  }
  return clock;
}

/// Offers until the queue takes it; returns the clock of that.
inline std::int64_t TraceRun::Impl::offerBurst(const DramLocation& location, std::int64_t clock,
                                               std::uint32_t tag) {
  DramController& channel = channels[static_cast<std::size_t>(location.channel)];
  Open& request = open[tag];
  advance(channel, clock);
  if (channel.full(request.direction) && !channel.isWaitingWrite(location)) {
    clock = std::max(clock, makeRoom(channel, request.direction) + 1);
    advance(channel, clock);
  }
  if (channel.offer(request.direction, location, clock, tag) != DramController::Outcome::Queued) {
    --request.bursts;
    request.done = std::max(request.done, clock + 1);
  }
  return clock;
}

/// Until the queue takes one more; returns the clock of the command that made room.
inline std::int64_t TraceRun::Impl::makeRoom(DramController& channel, Direction direction) {
  std::int64_t latest = 0;
  while (channel.full(direction)) latest = std::max(latest, step(channel));
  return latest;
}

inline void TraceRun::Impl::begin(std::int64_t clock) {
  firstOffer = clock;
  for (DramController& channel : channels) {
    advance(channel, clock);
    add(before, channel.events(clock), 1);
  }
}

inline void TraceRun::Impl::offer(const TraceRequest& request) {
  std::int64_t clock = arrivalClock(request);
  if (result.requests++ == 0) begin(clock);
  result.writes += request.direction == Direction::Write ? 1 : 0;
  const std::uint32_t tag = unused.back();
  unused.pop_back();
  // One burst more than there are keeps it open until all are offered.
  open[tag] = {clock, 0, burstsPerRequest + 1, request.direction};
  ++waiting;
  const std::int64_t first = (request.address >> unitBits) * burstsPerRequest;
  DramLocation location = map.locate(first);
  open[tag].accepted = clock = offerBurst(location, clock, tag);
  for (std::int64_t burst = 1; burst < burstsPerRequest; ++burst) {
    if (inOneRow) {
      ++location.column;
    } else {
      location = map.locate(first + burst);
    }
    clock = offerBurst(location, clock, tag);
  }
  if (--open[tag].bursts == 0) {
    complete(open[tag]);
    unused.push_back(tag);
  }
  nextOffer = clock + 1;
}

TraceResult TraceRun::Impl::finish() {
  for (DramController& channel : channels) {
    while (!channel.idle()) step(channel);
  }
  for (DramController& channel : channels) {
    advance(channel, lastDone);
    add(result.events, channel.events(lastDone), 1);
  }
  add(result.events, before, -1);
  result.cycles = lastDone - firstOffer;
  if (result.reads > 0) {
    result.readLatency = static_cast<double>(latencySum) / static_cast<double>(result.reads);
  }
  return result;
}

TraceRun::TraceRun(const MemoryConfig& memory) : impl_(std::make_unique<Impl>(memory)) {}
TraceRun::~TraceRun() = default;

void TraceRun::offer(const TraceRequest& request) { impl_->offer(request); }

TraceResult TraceRun::finish() { return impl_->finish(); }

}  // namespace npusim
