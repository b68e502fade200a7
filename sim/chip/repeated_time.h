#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace npusim {

/// The time of a prediction of which some stretches stand for more like them: as if each were
/// repeated right behind itself.
class RepeatedTime {
 public:
  /// Cycles [begin, end) as simulated, and how often they come again.
  struct Stretch {
    std::int64_t begin = 0, end = 0, repeats = 0;
  };

  /// Stretches that overlap those before are our bug.
  void add(const Stretch& stretch) { stretches_.push_back(stretch); }
  void clear() { stretches_.clear(); }
  bool overlaps(std::int64_t begin) const {
    return !stretches_.empty() && begin < stretches_.back().end;
  }

  /// When something happens that was simulated at `cycle`: repeats end before what is behind them.
  std::int64_t at(std::int64_t cycle) const {
    std::int64_t result = cycle;
    for (const Stretch& s : stretches_) {
      if (cycle > s.end) result += s.repeats * (s.end - s.begin);
    }
    return result;
  }

  /// Cycles of the simulated [begin, end), with their repeats.
  std::int64_t length(std::int64_t begin, std::int64_t end) const {
    std::int64_t result = end - begin;
    for (const Stretch& s : stretches_) {
      const std::int64_t common = std::min(end, s.end) - std::max(begin, s.begin);
      result += s.repeats * std::max<std::int64_t>(0, common);
    }
    return result;
  }

 private:
  std::vector<Stretch> stretches_;
};

}  // namespace npusim
