#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "sim/chip/timeline.h"

namespace npusim {

/// Walks the idle time of one core's array through all cores that it waited for.
template <typename Use>
class IdleWalk {
 public:
  /// `timelines`: of all cores. `use(begin, end, cause)` gets the core's idle cycles in order.
  IdleWalk(std::span<const Timeline* const> timelines, Use use)
      : timelines_(timelines), use_(std::move(use)) {}

  void walk(std::size_t core) {
    for (const IdleInterval& interval : timelines_[core]->intervals()) {
      if (interval.follows < 0) {
        use_(interval.begin, interval.end, interval.cause);
      } else {
        follow(interval, interval.begin, interval.end, 1);
      }
    }
  }

 private:
  /// Cores may wait for one another at once, in different engines.
  static constexpr int kDeepest = 16;

  /// What a core waits for that waits for one with this idle cause.
  static IdleCause seenFromElsewhere(IdleCause cause) {
    const bool same =
        cause == IdleCause::Dram || cause == IdleCause::Network || cause == IdleCause::Vector;
    return same ? cause : IdleCause::Dependency;
  }

  /// [begin, end) of a wait for another core.
  void follow(const IdleInterval& wait, std::int64_t begin, std::int64_t end, int depth) {
    const auto& others = timelines_[static_cast<std::size_t>(wait.follows)]->intervals();
    auto other = std::ranges::upper_bound(others, begin, {}, &IdleInterval::end);
    if (depth == kDeepest) other = others.end();
    for (; other != others.end() && other->begin < end; ++other) {
      worked(begin, other->begin);
      begin = std::max(begin, other->begin);
      const std::int64_t until = std::min(end, other->end);
      if (other->follows < 0) {
        use_(begin, until, seenFromElsewhere(other->cause));
      } else {
        follow(*other, begin, until, depth + 1);
      }
      begin = until;
    }
    worked(begin, end);
  }

  void worked(std::int64_t begin, std::int64_t end) {
    if (begin < end) use_(begin, end, IdleCause::Dependency);
  }

  const std::span<const Timeline* const> timelines_;
  Use use_;
};

}  // namespace npusim
