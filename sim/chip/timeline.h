#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/chip/semaphores.h"

namespace npusim {

/// What the array waited for.
enum class IdleCause : std::uint8_t {
  Dram,        ///< a DMA engine at work
  Vector,      ///< the vector unit at work
  Dependency,  ///< engines that wait for one another
  Buffer,      ///< operands beyond the buffers' ports
  Overhead,    ///< instruction issue
  Drain,       ///< its own last results, with no other engine at work
  Network,     ///< a DMA engine that moves data between cores, or news from another core
};
constexpr std::size_t kIdleCauses = 7;

/// An interval in which the array did not work, in core cycles.
struct IdleInterval {
  std::int64_t begin = 0, end = 0;
  IdleCause cause = IdleCause::Overhead;
  /// Waited for this core: for what that one waited for, and for its work. None: -1.
  std::int32_t follows = -1;
};

/// Accounts for every cycle of the array: what is not busy is idle for one cause. An array that
/// drains while its next tile waits for data waits for data: with them it would have streamed.
/// While the matrix engine waits for a token, each cycle goes to the engine that is at work at the
/// end of the chain of waits at that moment. With the matrix queue at its end, cycles go to the
/// vector unit while it works, then to DMA. Where the chain leads to other cores, the cycles go to
/// what the last of them to signal waited for, and to Dependency while that one's array worked.
class Timeline {
 public:
  enum class Activity : std::uint8_t { Busy, Waiting, Done };
  struct State {
    Activity activity = Activity::Busy;
    isa::SemaphoreId semaphore = 0;  ///< while waiting
    bool exchanging = false;         ///< while busy: what moves, moves between cores
    bool operator==(const State&) const = default;
  };

  explicit Timeline(const Semaphores& semaphores) : semaphores_(semaphores) {}

  void reset();
  void set(isa::Engine engine, State state, std::int64_t now);
  /// Accounts for the cycles before `now`, as far as this core knows what the array waited for.
  void settle(std::int64_t now);
  /// Accounts for the cycles before `now` if they waited for other cores' signals to `semaphore`,
  /// the last of which another core, `lastCore`, gives now.
  void follow(isa::SemaphoreId semaphore, std::int64_t lastCore, std::int64_t now);

  /// Cycles not accounted for yet, up to `until`, were idle.
  void idle(std::int64_t until, IdleCause cause);
  /// Operands fill and stream through the array up to `until`; its last results leave it by
  /// `drained`.
  void busy(std::int64_t until, std::int64_t drained);
  /// Within a busy time: [begin, end) only waited for buffer ports.
  void stretch(std::int64_t begin, std::int64_t end);
  /// Accounts for everything up to the last cycle. `lastCore`: another one that was at work until
  /// then; -1: this one was.
  void finish(std::int64_t end, std::int64_t lastCore = -1);

  const std::vector<IdleInterval>& intervals() const { return intervals_; }

 private:
  const State& stateOf(isa::Engine engine) const {
    return states_[static_cast<std::size_t>(engine)];
  }
  /// What the array waits for at this moment.
  struct Wait {
    std::optional<IdleCause> cause;  ///< empty: for signals of other cores, to `semaphore`
    isa::SemaphoreId semaphore = 0;
  };

  static constexpr isa::SemaphoreId kNoSemaphore = -1;

  Wait wait() const;
  Wait waitOf(isa::Engine engine) const;
  Wait waitAtEnd() const;
  IdleCause causeOf(isa::Engine worker) const;
  void waitFor(std::int64_t core, std::int64_t until);
  void add(const IdleInterval& interval);

  const Semaphores& semaphores_;
  std::array<State, isa::kEngineCount> states_{};
  std::int64_t accounted_ = 0;  ///< cycles before this one are settled
  std::int64_t drained_ = 0;
  std::vector<IdleInterval> intervals_;
};

}  // namespace npusim
