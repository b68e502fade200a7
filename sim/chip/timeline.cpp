#include "sim/chip/timeline.h"

#include <algorithm>

namespace npusim {
namespace {

IdleCause causeOf(isa::Engine worker) {
  switch (worker) {
    case isa::Engine::Matrix:
      return IdleCause::Dependency;
    case isa::Engine::Vector:
      return IdleCause::Vector;
    default:
      return IdleCause::Dram;
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
  if (now > accounted_ && stateOf(isa::Engine::Matrix).activity != Activity::Busy) {
    idle(now, cause());
  }
  current = state;
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

void Timeline::finish(std::int64_t end) { idle(end, cause()); }

IdleCause Timeline::cause() const {
  isa::Engine engine = isa::Engine::Matrix;
  if (stateOf(engine).activity == Activity::Done) return causeAtEnd();
  for (int step = 0; step < isa::kEngineCount; ++step) {
    const State& state = stateOf(engine);
    if (state.activity == Activity::Busy) return step == 0 ? IdleCause::Overhead : causeOf(engine);
    const auto producer = semaphores_.producer(state.semaphore);
    if (state.activity == Activity::Done || !producer) return IdleCause::Dependency;
    engine = *producer;
  }
  return IdleCause::Dependency;
}

IdleCause Timeline::causeAtEnd() const {
  const auto works = [this](isa::Engine engine) {
    return stateOf(engine).activity == Activity::Busy;
  };
  for (const isa::Engine engine : {isa::Engine::Vector, isa::Engine::Store, isa::Engine::LoadInputs,
                                   isa::Engine::LoadWeights}) {
    if (works(engine)) return causeOf(engine);
  }
  return IdleCause::Dependency;
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
