#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <vector>

#include "sim/isa/program.h"

namespace npusim {

/// What keeps a token from a core that waits for it.
enum class Owed : std::uint8_t {
  ByThisCore,    ///< its own signal
  ByOtherCores,  ///< theirs: it has given its own, or has none to give
  OnItsWay,      ///< nothing but the time that the news takes
};

/// The program's collective semaphores: once all signallers have signalled n times, the n-th token
/// is there `syncCycles` later, for every core to take its own.
class Collectives {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  Collectives(const isa::Program& program, std::int64_t cores, std::int64_t syncCycles);

  /// A core's engine waits for a token, and `lastCore` has just given the last signal to it: the
  /// token arrives in `cycles`.
  struct Release {
    isa::SemaphoreId semaphore;
    std::int64_t core;
    isa::Engine engine;
    std::int64_t lastCore, cycles;
  };
  /// `release` is called for each such engine while the token still counts as owed.
  void onRelease(std::function<void(const Release&)> release) { release_ = std::move(release); }

  void reset();

  /// Takes the core's token, or returns false and remembers that its engine waits for one.
  bool tryTake(isa::SemaphoreId semaphore, std::int64_t core, isa::Engine engine, std::int64_t now);
  void signal(isa::SemaphoreId semaphore, std::int64_t core, std::int64_t now);

  /// When the core's next token arrives; kNever while a signal to it is missing.
  std::int64_t arrival(isa::SemaphoreId semaphore, std::int64_t core) const;
  Owed owed(isa::SemaphoreId semaphore, std::int64_t core) const;

 private:
  struct Waiter {
    std::int64_t core;
    isa::Engine engine;
    bool operator==(const Waiter&) const = default;
  };
  struct State {
    std::int64_t initial = 0;
    std::int64_t first = 0;               ///< signalling core
    std::vector<std::int32_t> signalled;  ///< by signaller: how often
    std::vector<std::int32_t> taken;      ///< by core: tokens
    std::deque<std::int32_t> open;        ///< signals to each token that still lacks some
    std::vector<std::int64_t> arrivals;   ///< of the tokens that lack none
    std::vector<std::uint8_t> waits;      ///< by core: a bit an engine
    std::vector<Waiter> waiters;
  };

  State& at(isa::SemaphoreId semaphore) { return states_[static_cast<std::size_t>(semaphore)]; }
  const State& at(isa::SemaphoreId semaphore) const {
    return states_[static_cast<std::size_t>(semaphore)];
  }
  /// Number of signals that every signaller gives before the core's next token.
  static std::int64_t roundOf(const State& state, std::int64_t core) {
    return state.taken[static_cast<std::size_t>(core)] + 1 - state.initial;
  }

  const std::int64_t syncCycles_;
  std::vector<State>
      states_;  ///< by semaphore; without signallers for those that are no collective
  std::function<void(const Release&)> release_;
};

}  // namespace npusim
