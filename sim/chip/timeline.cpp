#include "sim/chip/timeline.h"

#include <algorithm>

namespace npusim {
namespace {

/// What a core waits for that waits for one with this idle cause.
IdleCause seenFromElsewhere(IdleCause cause) {
  switch (cause) {
    case IdleCause::Dram:
    case IdleCause::Network:
    case IdleCause::Vector:
      return cause;
    default:
      return IdleCause::Dependency;
  }
}

}  // namespace

void Timeline::reset() {
  states_.fill({});
  accounted_ = 0;
  drained_ = 0;
  intervals_.clear();
}

void Timeline::set(isa::Engine engine, State state, std::int64_t now) {
  State& current = states_[static_cast<std::size_t>(engine)];
  if (current == state) return;
  settle(now);
  if (engine == isa::Engine::Matrix && current.activity == Activity::Waiting) {
    idle(now, IdleCause::Dependency);
  }
  current = state;
}

void Timeline::settle(std::int64_t now) {
  if (now <= accounted_ || stateOf(isa::Engine::Matrix).activity == Activity::Busy) return;
  const Wait found = wait();
  if (found.cause) idle(now, *found.cause);
}

void Timeline::follow(isa::SemaphoreId semaphore, const Timeline& last, std::int64_t now) {
  if (&last == this || now <= accounted_) return;
  if (stateOf(isa::Engine::Matrix).activity == Activity::Busy) return;
  const Wait found = wait();
  if (!found.cause && found.semaphore == semaphore) copy(last, now);
}

void Timeline::idle(std::int64_t until, IdleCause cause) {
  if (until <= accounted_) return;
  if (cause == IdleCause::Dependency && accounted_ < drained_) {
    const std::int64_t end = std::min(until, drained_);
    add({accounted_, end, IdleCause::Drain});
    accounted_ = end;
    if (end == until) return;
  }
  add({accounted_, until, cause});
  accounted_ = until;
}

void Timeline::busy(std::int64_t until, std::int64_t drained) {
  accounted_ = std::max(accounted_, until);
  drained_ = drained;
}

void Timeline::stretch(std::int64_t begin, std::int64_t end) {
  if (begin < end) add({begin, end, IdleCause::Buffer});
}

void Timeline::finish(const Timeline& last, std::int64_t end) {
  settle(end);
  if (&last != this) copy(last, end);
  idle(end, IdleCause::Dependency);
}

/// The idle causes of another core in cycles that are not accounted for here.
void Timeline::copy(const Timeline& other, std::int64_t until) {
  auto interval = std::ranges::upper_bound(other.intervals_, accounted_, {}, &IdleInterval::end);
  for (; interval != other.intervals_.end() && interval->begin < until; ++interval) {
    idle(interval->begin, IdleCause::Dependency);
    idle(std::min(interval->end, until), seenFromElsewhere(interval->cause));
  }
  idle(until, IdleCause::Dependency);
}

Timeline::Wait Timeline::wait() const {
  const State& matrix = stateOf(isa::Engine::Matrix);
  return matrix.activity == Activity::Done ? waitAtEnd() : waitOf(isa::Engine::Matrix);
}

/// Follows the waits from an engine to the one that works.
Timeline::Wait Timeline::waitOf(isa::Engine engine) const {
  for (int step = 0; step < isa::kEngineCount; ++step) {
    const State& state = stateOf(engine);
    if (state.activity == Activity::Busy) {
      return {engine == isa::Engine::Matrix && step == 0 ? IdleCause::Overhead : causeOf(engine)};
    }
    if (state.activity == Activity::Done) break;
    const Owed owed = semaphores_.owed(state.semaphore);
    if (owed == Owed::OnItsWay) return {IdleCause::Network};
    if (owed == Owed::ByOtherCores) return {std::nullopt, state.semaphore};
    const auto producer = semaphores_.table().producer(state.semaphore);
    if (!producer) break;
    engine = *producer;
  }
  return {IdleCause::Dependency};
}

/// With the matrix queue at its end: for the last results, or for what other cores still do.
Timeline::Wait Timeline::waitAtEnd() const {
  constexpr std::array kOrder = {isa::Engine::Vector, isa::Engine::Store, isa::Engine::LoadInputs,
                                 isa::Engine::LoadWeights};
  for (const Activity activity : {Activity::Busy, Activity::Waiting}) {
    for (const isa::Engine engine : kOrder) {
      if (stateOf(engine).activity == activity) return waitOf(engine);
    }
  }
  return {std::nullopt, kNoSemaphore};
}

IdleCause Timeline::causeOf(isa::Engine worker) const {
  switch (worker) {
    case isa::Engine::Matrix:
      return IdleCause::Dependency;
    case isa::Engine::Vector:
      return IdleCause::Vector;
    default:
      return stateOf(worker).exchanging ? IdleCause::Network : IdleCause::Dram;
  }
}

void Timeline::add(const IdleInterval& interval) {
  if (!intervals_.empty() && intervals_.back().end == interval.begin &&
      intervals_.back().cause == interval.cause) {
    intervals_.back().end = interval.end;
  } else {
    intervals_.push_back(interval);
  }
}

}  // namespace npusim
