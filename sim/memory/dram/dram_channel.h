#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// Bursts of one direction in one row of one bank.
struct RowVisit {
  std::int64_t rank = 0, bankGroup = 0, bank = 0;  ///< bank: within its group
  std::int64_t row = 0;
  std::int64_t bursts = 0;
};

/// One DRAM channel: open page, in-order data, all-bank refresh. It is costed per row visit; what a
/// controller sees ahead of the data bus (kLookAheadBursts) lets the next rows open meanwhile.
/// Cycles count the memory clock. A refresh delays what comes after it, never a visit under way.
class DramChannel {
 public:
  static constexpr std::int64_t kLookAheadBursts = 32;

  explicit DramChannel(const MemoryConfig& memory);

  /// Moves the visits, whose bursts take turns on the bus (one burst of each, then again).
  Completion access(std::int64_t arrival, Direction direction, std::span<const RowVisit> visits,
                    MemoryEvents& events);

  void beginPhase();
  void idleUntil(std::int64_t cycle, MemoryEvents& events);

 private:
  static constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 40);
  static constexpr std::int64_t kNoRow = -1;

  struct Bank {
    std::int64_t openRow = kNoRow;
    std::int64_t activated = kLongAgo;
    std::int64_t mayPrecharge = kLongAgo;
  };
  struct Rank {
    std::array<std::int64_t, 4> recentActivates{};  ///< ring
    std::int64_t nextActivate = 0;                  ///< index into the ring
    std::int64_t lastActivate = kLongAgo;
    std::int64_t lastActivateGroup = 0;
  };
  /// Where bursts of recent visits began, to know when a later burst came into view.
  struct Issue {
    std::int64_t firstBurst = 0, column = kLongAgo, spacing = 0;
  };
  struct LastColumn {
    Direction direction = Direction::Read;
    std::int64_t cycle = kLongAgo, bankGroup = 0, rank = 0;
  };

  Bank& bankOf(const RowVisit& visit);
  std::int64_t inView(std::int64_t burst);
  std::int64_t open(const RowVisit& visit, std::int64_t earliest, MemoryEvents& events);
  std::int64_t activate(const RowVisit& visit, std::int64_t earliest);
  std::int64_t earliestColumn(Direction direction, const RowVisit& visit) const;
  void refreshesBefore(std::int64_t cycle, MemoryEvents& events);
  void remember(const Issue& issue, std::int64_t bursts);

  const DramTiming timing_;
  const std::int64_t bankGroups_, banksPerGroup_;
  const std::int64_t burstCycles_;  ///< of one burst on the data bus
  std::vector<Bank> banks_;
  std::vector<Rank> ranks_;
  std::array<Issue, 64> issues_{};  ///< ring of the latest kLookAheadBursts bursts' visits
  std::uint64_t oldestIssue_ = 0, issueCount_ = 0;
  std::int64_t bursts_ = 0;
  LastColumn last_;
  std::int64_t dataEnd_ = kLongAgo;
  std::int64_t blockedUntil_ = kLongAgo;  ///< by a refresh
  std::int64_t nextRefresh_ = 0;
};

}  // namespace npusim
