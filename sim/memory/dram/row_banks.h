#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/memory/dram/row_activity.h"
#include "sim/memory/dram/row_bus.h"
#include "sim/memory/dram/row_history.h"
#include "sim/memory/dram/row_timing.h"
#include "sim/memory/dram/row_visit.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// The row commands that a visit needs before its first burst; kNone for one it does without.
struct RowOpening {
  static constexpr std::int64_t kNone = -1;
  std::int64_t precharge = kNone, activate = kNone;
  std::int64_t activateEnd = kNone;  ///< the second part of LPDDR5's activate
};

/// Banks and ranks of one channel: what is open, and when each command may come next by the rows
/// of timing_rules.h. Precharges and activates of a rank go out in order of the visits, each on
/// the first free clock of the command bus.
class RowBanks {
 public:
  RowBanks(const MemoryConfig& memory, const RowTiming& timing);

  bool isOpen(const RowVisit& visit) const { return bank(visit).row == visit.row; }

  /// About when a column command can go to the visit's row: as far as its bank matters,
  std::int64_t bankReady(const RowVisit& visit, Direction direction) const;
  /// as the activates of a rank matter to closed rows,
  std::int64_t rankReady(std::int32_t index, std::size_t direction) const {
    const Rank& rank = ranks_[static_cast<std::size_t>(index)];
    return timing_.activateToColumn[direction] +
           std::max(rank.activated + timing_.activateInRank,
                    rank.activates[rank.next] + timing_.fourActivates);
  }
  /// and as the column commands of a bank group matter to open ones.
  std::int64_t groupReady(std::int32_t group, std::size_t direction) const {
    return groups_[static_cast<std::size_t>(group)].column[direction] +
           timing_.columnInGroup[direction][direction];
  }

  /// The earliest row commands for a visit, from cycle `from` on. Books nothing.
  RowOpening plan(const RowVisit& visit, std::int64_t from);
  /// The earliest column command after those row commands.
  std::int64_t earliestColumn(const RowVisit& visit, Direction direction,
                              const RowOpening& opening) const;
  /// Books a planned opening: the row is open, the command bus taken.
  void open(const RowVisit& visit, const RowOpening& opening, MemoryEvents& events);
  /// Books column commands to the visit's row, the last of them at `last`.
  void use(const RowVisit& visit, Direction direction, std::int64_t last);
  /// Writes down every row command from now on; null ends it.
  void logTo(std::vector<RowCommand>* log) { log_ = log; }
  /// Takes clocks of the command bus for `count` column commands, one every `spacing`.
  void takeBus(std::int64_t first, std::int64_t clocks, std::int64_t count, std::int64_t spacing) {
    if (timing_.splitBus) return;
    if (count == 1) {
      bus_.reserve(first, clocks);
    } else {
      bus_.reserve(first, clocks, count, spacing);
    }
  }

  /// Refreshes every rank as early as possible from `due` on. Returns the last Refresh's cycle.
  std::int64_t refresh(std::int64_t due, MemoryEvents& events);
  /// Time begins at 0 again, rows stay open.
  void restart();
  void settle(std::int64_t cycle, MemoryEvents& events);

 private:
  static constexpr std::int64_t kLongAgo = RowHistory::kLongAgo;
  static constexpr std::int64_t kClosed = -1;

  struct Bank {
    std::int64_t row = kClosed;
    std::int64_t activated = kLongAgo, mayPrecharge = kLongAgo, mayActivate = kLongAgo;
  };
  struct Group {
    std::int64_t activated = kLongAgo;
    std::array<std::int64_t, 2> column = {kLongAgo, kLongAgo};  ///< last, by direction
  };
  struct Rank {
    std::array<std::int64_t, 4> activates = {kLongAgo, kLongAgo, kLongAgo, kLongAgo};  ///< ring
    std::uint32_t next = 0;
    std::int64_t activated = kLongAgo, precharged = kLongAgo, closedAll = kLongAgo;
    std::int64_t refreshed = kLongAgo;
    std::int64_t mayActivate = kLongAgo;  ///< after refresh, closing all, an activate's second part
    std::array<std::int64_t, 2> column = {kLongAgo, kLongAgo};
  };

  Bank& bank(const RowVisit& visit) { return banks_[static_cast<std::size_t>(visit.bank)]; }
  const Bank& bank(const RowVisit& visit) const {
    return banks_[static_cast<std::size_t>(visit.bank)];
  }
  void log(DramCommand command, std::int32_t rank, std::int32_t bank, std::int64_t cycle) {
    if (log_ != nullptr) log_->push_back({command, rank, bank, cycle});
  }
  void planActivate(std::int64_t from, RowOpening& opening);
  std::int64_t closeRank(std::size_t rank, std::int64_t due, MemoryEvents& events);

  const RowTiming timing_;
  const std::size_t banksOfRank_;
  const bool oneRank_;
  RowBus bus_;  ///< of row commands, and of column commands unless they have their own
  std::vector<Bank> banks_;
  std::vector<Group> groups_;
  std::vector<Rank> ranks_;
  std::vector<RowActivity> activity_;  ///< by rank
  std::vector<RowCommand>* log_ = nullptr;
};

inline std::int64_t RowBanks::bankReady(const RowVisit& visit, Direction direction) const {
  const Bank& bank = this->bank(visit);
  const std::int64_t opening = timing_.activateToColumn[static_cast<std::size_t>(direction)];
  if (bank.row == visit.row) return bank.activated + opening;
  if (bank.row == kClosed) return bank.mayActivate + opening;
  return opening + std::max(bank.mayActivate, bank.mayPrecharge + timing_.prechargeToActivate);
}

inline RowOpening RowBanks::plan(const RowVisit& visit, std::int64_t from) {
  const Bank& bank = this->bank(visit);
  if (bank.row == visit.row) return {};
  const Rank& rank = ranks_[static_cast<std::size_t>(visit.rank)];
  RowOpening opening;
  std::int64_t activate = std::max(from, bank.mayActivate);
  if (bank.row != kClosed) {
    opening.precharge = bus_.firstFree(
        std::max({from, bank.mayPrecharge, rank.precharged + timing_.prechargeToPrecharge,
                  rank.closedAll + timing_.closeAllToPrecharge}),
        timing_.prechargeClocks);
    activate = std::max(activate, opening.precharge + timing_.prechargeToActivate);
  }
  const Group& group = groups_[static_cast<std::size_t>(visit.group)];
  planActivate(std::max({activate, rank.mayActivate, rank.activated + timing_.activateInRank,
                         group.activated + timing_.activateInGroup,
                         rank.activates[rank.next] + timing_.fourActivates}),
               opening);
  return opening;
}

/// Finds clocks for an activate, and for its second part soon enough after it.
inline void RowBanks::planActivate(std::int64_t from, RowOpening& opening) {
  opening.activate = bus_.firstFree(from, timing_.activateClocks);
  while (timing_.activateEndClocks > 0) {
    opening.activateEnd =
        bus_.firstFree(opening.activate + timing_.activateClocks, timing_.activateEndClocks);
    const std::int64_t soonest = opening.activateEnd - kActivateEndWithin;
    if (opening.activate >= soonest) return;
    opening.activate = bus_.firstFree(soonest, timing_.activateClocks);
  }
}

inline std::int64_t RowBanks::earliestColumn(const RowVisit& visit, Direction direction,
                                             const RowOpening& opening) const {
  const auto next = static_cast<std::size_t>(direction);
  const std::int64_t activated =
      opening.activate == RowOpening::kNone ? bank(visit).activated : opening.activate;
  const Group& group = groups_[static_cast<std::size_t>(visit.group)];
  const auto own = static_cast<std::size_t>(visit.rank);
  const Rank& rank = ranks_[own];
  std::int64_t cycle = std::max(activated + timing_.activateToColumn[next],
                                opening.activateEnd + timing_.activateEndClocks);
  for (std::size_t last = 0; last < 2; ++last) {
    cycle = std::max({cycle, group.column[last] + timing_.columnInGroup[last][next],
                      rank.column[last] + timing_.columnInRank[last][next]});
  }
  if (oneRank_) return cycle;
  for (std::size_t other = 0; other < ranks_.size(); ++other) {
    if (other == own) continue;
    for (std::size_t last = 0; last < 2; ++last) {
      cycle = std::max(cycle, ranks_[other].column[last] + timing_.columnOtherRank[last][next]);
    }
  }
  return cycle;
}

inline void RowBanks::open(const RowVisit& visit, const RowOpening& opening, MemoryEvents& events) {
  if (opening.activate == RowOpening::kNone) return;
  Bank& bank = this->bank(visit);
  Rank& rank = ranks_[static_cast<std::size_t>(visit.rank)];
  RowActivity& activity = activity_[static_cast<std::size_t>(visit.rank)];
  if (opening.precharge != RowOpening::kNone) {
    bus_.reserve(opening.precharge, timing_.prechargeClocks);
    log(DramCommand::Precharge, visit.rank, visit.bank, opening.precharge);
    rank.precharged = opening.precharge;
    activity.precharged(opening.precharge, events);
    ++events.rowConflicts;
  } else {
    ++events.rowMisses;
  }
  ++events.activates;
  const std::int64_t at = opening.activate;
  bus_.reserve(at, timing_.activateClocks);
  if (opening.activateEnd != RowOpening::kNone) {
    bus_.reserve(opening.activateEnd, timing_.activateEndClocks);
    rank.mayActivate = std::max(rank.mayActivate, opening.activateEnd + timing_.activateEndClocks);
  }
  log(DramCommand::Activate, visit.rank, visit.bank, at);
  activity.activated(at);
  bank = {visit.row, at, at + timing_.activateToPrecharge, at + timing_.activateToActivate};
  groups_[static_cast<std::size_t>(visit.group)].activated = at;
  rank.activated = at;
  rank.activates[rank.next] = at;
  rank.next = (rank.next + 1) % 4;
}

inline void RowBanks::use(const RowVisit& visit, Direction direction, std::int64_t last) {
  const auto index = static_cast<std::size_t>(direction);
  Bank& bank = this->bank(visit);
  bank.mayPrecharge = std::max(bank.mayPrecharge, last + timing_.columnToPrecharge[index]);
  groups_[static_cast<std::size_t>(visit.group)].column[index] = last;
  ranks_[static_cast<std::size_t>(visit.rank)].column[index] = last;
}

}  // namespace npusim
