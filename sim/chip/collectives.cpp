#include "sim/chip/collectives.h"

#include "sim/core/error.h"

namespace npusim {

Collectives::Collectives(const isa::Program& program, std::int64_t cores, std::int64_t syncCycles)
    : syncCycles_(syncCycles), states_(program.semaphores.size()) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const isa::Semaphore& semaphore = program.semaphores[i];
    if (!semaphore.signallers) continue;
    const isa::CoreRange& range = *semaphore.signallers;
    ensure(range.first >= 0 && range.first + range.count <= cores,
           "a collective semaphore names cores that the chip lacks");
    State& state = states_[i];
    state.initial = semaphore.initial;
    state.first = range.first;
    state.signalled.resize(static_cast<std::size_t>(range.all() ? cores : range.count));
    state.taken.resize(static_cast<std::size_t>(cores));
    state.waits.resize(static_cast<std::size_t>(cores));
  }
}

void Collectives::reset() {
  for (State& state : states_) {
    std::fill(state.signalled.begin(), state.signalled.end(), 0);
    std::fill(state.taken.begin(), state.taken.end(), 0);
    std::fill(state.waits.begin(), state.waits.end(), 0);
    state.open.clear();
    state.arrivals.clear();
    state.waiters.clear();
  }
}

bool Collectives::tryTake(isa::SemaphoreId semaphore, std::int64_t core, isa::Engine engine,
                          std::int64_t now) {
  State& state = at(semaphore);
  const std::int64_t due = arrival(semaphore, core);
  if (due <= now) {
    ++state.taken[static_cast<std::size_t>(core)];
    return true;
  }
  const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(engine));
  std::uint8_t& waits = state.waits[static_cast<std::size_t>(core)];
  if (due == kNever && (waits & bit) == 0) {
    waits |= bit;
    state.waiters.push_back({core, engine});
  }
  return false;
}

void Collectives::signal(isa::SemaphoreId semaphore, std::int64_t core, std::int64_t now) {
  State& state = at(semaphore);
  const auto signaller = static_cast<std::size_t>(core - state.first);
  ensure(core >= state.first && signaller < state.signalled.size(),
         "a core signals a collective semaphore that does not count it");
  const std::int64_t round = ++state.signalled[signaller];
  const auto place = static_cast<std::size_t>(round - 1 - std::ssize(state.arrivals));
  if (place == state.open.size()) state.open.push_back(0);
  if (++state.open[place] < std::ssize(state.signalled)) return;
  const std::vector<Waiter> released = std::move(state.waiters);
  state.waiters.clear();
  for (const Waiter& waiter : released) {
    state.waits[static_cast<std::size_t>(waiter.core)] = 0;
    if (release_) release_({semaphore, waiter.core, waiter.engine, core, syncCycles_});
  }
  state.open.pop_front();
  state.arrivals.push_back(now + syncCycles_);
}

std::int64_t Collectives::arrival(isa::SemaphoreId semaphore, std::int64_t core) const {
  const State& state = at(semaphore);
  const std::int64_t round = roundOf(state, core);
  if (round <= 0) return 0;
  return round <= std::ssize(state.arrivals) ? state.arrivals[static_cast<std::size_t>(round - 1)]
                                             : kNever;
}

Owed Collectives::owed(isa::SemaphoreId semaphore, std::int64_t core) const {
  const State& state = at(semaphore);
  const std::int64_t round = roundOf(state, core);
  if (round <= std::ssize(state.arrivals)) return Owed::OnItsWay;
  const std::int64_t signaller = core - state.first;
  const bool signals = signaller >= 0 && signaller < std::ssize(state.signalled);
  const bool owes = signals && state.signalled[static_cast<std::size_t>(signaller)] < round;
  return owes ? Owed::ByThisCore : Owed::ByOtherCores;
}

}  // namespace npusim
