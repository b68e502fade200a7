#include "sim/chip/timeline.h"

#include <algorithm>

namespace npusim {

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

void Timeline::follow(isa::SemaphoreId semaphore, std::int64_t lastCore, std::int64_t now) {
  if (now <= accounted_ || stateOf(isa::Engine::Matrix).activity == Activity::Busy) return;
  const Wait found = wait();
  if (!found.cause && found.semaphore == semaphore) waitFor(lastCore, now);
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

void Timeline::finish(std::int64_t end, std::int64_t lastCore) {
  settle(end);
  if (lastCore >= 0) waitFor(lastCore, end);
  idle(end, IdleCause::Dependency);
}

void Timeline::waitFor(std::int64_t core, std::int64_t until) {
  if (accounted_ < drained_) idle(std::min(until, drained_), IdleCause::Drain);
  if (until <= accounted_) return;
  intervals_.push_back({accounted_, until, IdleCause::Dependency, static_cast<std::int32_t>(core)});
  accounted_ = until;
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
      intervals_.back().cause == interval.cause && intervals_.back().follows < 0) {
    intervals_.back().end = interval.end;
  } else {
    intervals_.push_back(interval);
  }
}

}  // namespace npusim
