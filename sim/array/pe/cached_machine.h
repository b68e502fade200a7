#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "sim/array/observer.h"
#include "sim/array/pe/cached_addresses.h"
#include "sim/array/pe/cached_agenda.h"
#include "sim/array/pe/cached_fetch.h"
#include "sim/array/pe/cached_lines.h"
#include "sim/core/rounding.h"

namespace npusim {

/// What a tile asks of the PEs.
struct CachedTask {
  std::int64_t rows, cols;       ///< of the array
  std::int64_t m, n, k;          ///< of the product
  std::int64_t depth;            ///< products of a step
  std::int64_t beat;             ///< cycles from step to step
  std::int64_t startCycles = 0;  ///< for a sum to come in before its first step
};

/// What the PEs did, by operand where they differ.
struct CachedRun {
  std::int64_t cycles = 0;        ///< until the last PE has done its last step
  std::int64_t waitedCycles = 0;  ///< of all PEs for their lines
  ByFetched<std::int64_t> hits, misses;
  std::int64_t begun = 0, ended = 0;  ///< outputs
  std::int64_t steps = 0;             ///< of all PEs
};

/// The PEs of a cached array over one tile.
///
/// PE (r, c) computes the outputs m = r, r + rows, ... of the columns n = c, c + cols, ..., all m
/// of a column before the next, one after the other: a step a beat, with `depth` products in
/// ascending order of k. In the cycle of a step the PE looks up the operands of its products in
/// their order, the input before the weight. The first that is missing is asked for in this cycle
/// and stops the PE until it comes; the step goes on in the cycle of its arrival. In one cycle
/// lines arrive first, then the PEs act row by row.
///
/// Between two misses a PE depends on nobody else, so it works ahead of the others until its next
/// miss, which then waits for its turn: requests reach the buffers in the order of cycles and PEs.
/// Observed, no PE works ahead.
template <typename Values>
class CachedMachine {
 public:
  CachedMachine(const CachedTask& task, const CachedAddresses& addresses, LineSize line,
                CachedLines& lines, CachedFetch& fetch, Values& values, ArrayObserver* observer)
      : task_(task),
        addresses_(addresses),
        line_(line),
        lines_(lines),
        fetch_(fetch),
        values_(values),
        observer_(observer),
        pes_(task.rows * task.cols),
        ahead_(observer == nullptr ? std::numeric_limits<std::int32_t>::max() : 1),
        agenda_(pes_),
        state_(pes_),
        seen_(observer == nullptr ? 0 : pes_) {}

  CachedRun run() {
    for (std::int64_t pe = 0; pe < pes_; ++pe) start(pe);
    for (std::int64_t cycle = agenda_.next(); cycle >= 0; cycle = agenda_.next()) {
      showUntil(cycle);
      for (const std::int64_t pe : agenda_.acting()) act(pe, cycle);
    }
    showUntil(run_.cycles);
    return run_;
  }

 private:
  enum class Phase : std::uint8_t {
    Works,   ///< has all that it asked for
    Misses,  ///< has found an operand missing, and asks for its line
    Waits,   ///< for the line
  };
  /// A PE: which output, how far along k, how many products the step still has, which operand it
  /// needs next.
  struct State {
    std::int64_t m, n, k, left;
    Fetched operand;
    Phase phase;
  };

  void start(std::int64_t pe) {
    State& s = state_[pe];
    s = {pe / task_.cols, pe % task_.cols, 0, task_.depth, Fetched::Input, Phase::Works};
    if (s.m >= task_.m || s.n >= task_.n) return;
    beginOutput(pe, s);
    agenda_.add(pe, task_.startCycles);
  }

  void beginOutput(std::int64_t pe, const State& s) {
    values_.beginOutput(pe, s.m, s.n);
    ++run_.begun;
  }

  void act(std::int64_t pe, std::int64_t cycle) {
    if (state_[pe].phase == Phase::Misses) return ask(pe, cycle);
    work(pe, cycle);
  }

  void ask(std::int64_t pe, std::int64_t cycle) {
    State& s = state_[pe];
    s.phase = Phase::Waits;
    const std::int64_t arrival = fetch_.request(s.operand, line_.lineOf(addressOf(s)), cycle);
    run_.waitedCycles += arrival - cycle;
    agenda_.add(pe, arrival);
  }

  /// Steps from `cycle` on, until an operand is missing or nothing is left to do.
  void work(std::int64_t pe, std::int64_t cycle) {
    State s = state_[pe];
    std::int64_t now = cycle;
    bool hasWork = s.phase == Phase::Works || (receive(pe, s), moveOn(pe, s, now));
    bool found = true;
    while (hasWork && now < cycle + ahead_) {
      found = lookUp(pe, s);
      if (!found) break;
      hasWork = moveOn(pe, s, now);
    }
    s.phase = found ? Phase::Works : Phase::Misses;
    state_[pe] = s;
    if (!hasWork) {
      run_.cycles = std::max(run_.cycles, now);
    } else if (!found && now == cycle) {
      ask(pe, cycle);
    } else {
      agenda_.add(pe, now);
    }
  }

  void receive(std::int64_t pe, const State& s) {
    const std::int64_t address = addressOf(s);
    const std::int64_t line = line_.lineOf(address);
    const std::int64_t slot = lines_.fill(pe, s.operand, line);
    values_.arrive(slot, s.operand, line);
    values_.take(pe, s.operand, slot, address);
  }

  /// Whether the PE has its next operand: padding, or in its cache.
  bool lookUp(std::int64_t pe, const State& s) {
    if (s.operand == Fetched::Input && addresses_.isPadding(s.m, s.k)) {
      values_.pad(pe);
      return true;
    }
    const std::int64_t address = addressOf(s);
    const std::int64_t slot = lines_.find(pe, s.operand, line_.lineOf(address));
    const bool hit = slot != CachedLines::kMiss;
    ++(hit ? run_.hits : run_.misses)[s.operand];
    if (hit) values_.take(pe, s.operand, slot, address);
    return hit;
  }

  /// The operand is in its register. False when the PE has done its last step.
  bool moveOn(std::int64_t pe, State& s, std::int64_t& now) {
    if (s.operand == Fetched::Input) {
      s.operand = Fetched::Weight;
      return true;
    }
    values_.multiply(pe);
    s.operand = Fetched::Input;
    ++s.k;
    if (--s.left > 0 && s.k < task_.k) return true;
    ++run_.steps;
    note(pe, s);
    s.left = task_.depth;
    now += task_.beat;
    return s.k < task_.k || nextOutput(pe, s, now);
  }

  bool nextOutput(std::int64_t pe, State& s, std::int64_t& now) {
    values_.endOutput(pe, s.m, s.n);
    ++run_.ended;
    s.k = 0;
    s.m += task_.rows;
    if (s.m >= task_.m) {
      s.m = pe / task_.cols;
      s.n += task_.cols;
    }
    if (s.n >= task_.n) return false;
    beginOutput(pe, s);
    now += task_.startCycles;
    return true;
  }

  std::int64_t addressOf(const State& s) const {
    return s.operand == Fetched::Input ? addresses_.input(s.m, s.k) : addresses_.weight(s.n, s.k);
  }

  /// A step is done; `s` stands after its last product.
  void note(std::int64_t pe, const State& s) {
    if (observer_ == nullptr) return;
    const std::int64_t products = task_.depth - s.left;
    seen_[pe] = {true,           s.m, s.n, s.k - products, values_.weight(pe), values_.input(pe),
                 values_.sum(pe)};
  }

  /// Shows the cycles before `cycle` that nobody has seen yet; only the first can hold steps.
  void showUntil(std::int64_t cycle) {
    if (observer_ == nullptr) return;
    for (; shown_ < cycle; ++shown_) {
      observer_->onCycle(shown_, seen_.items());
      seen_ = Table<PeCycle>(pes_);
    }
  }

  const CachedTask task_;
  const CachedAddresses& addresses_;
  const LineSize line_;
  CachedLines& lines_;
  CachedFetch& fetch_;
  Values& values_;
  ArrayObserver* const observer_;
  const std::int64_t pes_;
  const std::int64_t ahead_;  ///< cycles that a PE may work ahead of the others
  CachedAgenda agenda_;
  Table<State> state_;
  Table<PeCycle> seen_;  ///< by PE, in cycle shown_
  std::int64_t shown_ = 0;
  CachedRun run_;
};

}  // namespace npusim
