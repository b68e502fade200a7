#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// A set-associative cache as a person would write it down: by set a list of lines, the last used
/// in front.
class PlainCache {
 public:
  PlainCache(std::int64_t sets, std::int64_t ways) : sets_(sets), ways_(ways) {}

  bool use(std::int64_t line, std::int64_t tag) {
    std::list<std::int64_t>& set = lists_[setOf(line)];
    for (auto at = set.begin(); at != set.end(); ++at) {
      if (*at != tag) continue;
      set.splice(set.begin(), set, at);
      return true;
    }
    return false;
  }
  void bring(std::int64_t line, std::int64_t tag) {
    std::list<std::int64_t>& set = lists_[setOf(line)];
    set.push_front(tag);
    if (static_cast<std::int64_t>(set.size()) > ways_) set.pop_back();
  }

 private:
  std::int64_t setOf(std::int64_t line) const { return ((line % sets_) + sets_) % sets_; }

  std::int64_t sets_, ways_;
  std::map<std::int64_t, std::list<std::int64_t>> lists_;
};

/// What the oracle saw.
struct OracleResult {
  std::int64_t cycles = 0, waited = 0;
  std::array<std::int64_t, 2> hits{}, misses{}, fetched{};  ///< inputs, weights
  std::int64_t sumsIn = 0, sumsOut = 0;  ///< that come to PEs before their first step, that leave
  std::int64_t steps = 0;
};

/// A cached array stepped cycle by cycle in the plainest way, with queues and lists: cycles and
/// counts only.
OracleResult cachedOracle(const ArrayConfig& array, const std::vector<BufferPort>& ports,
                          const MatrixTile& tile);

}  // namespace npusim
