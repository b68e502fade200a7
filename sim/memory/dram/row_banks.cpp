#include "sim/memory/dram/row_banks.h"

#include <algorithm>

namespace npusim {
namespace {

/// Clocks between the oldest row command still to be placed and the latest booked column command:
/// the bursts in view, and the refreshes that may fall among them.
std::int64_t horizon(const MemoryConfig& memory, const RowTiming& timing) {
  const std::int64_t span = (memory.controller.readQueue + 2) * timing.longestWait();
  const std::int64_t refresh =
      timing.refreshToActivate + timing.closeAllToRefresh + timing.longestWait();
  const std::int64_t refreshes = timing.refreshInterval > 0 ? 2 + span / timing.refreshInterval : 0;
  return span + 2 * refreshes * refresh;
}

}  // namespace

RowBanks::RowBanks(const MemoryConfig& memory, const RowTiming& timing)
    : timing_(timing),
      banksOfRank_(static_cast<std::size_t>(memory.bankGroups * memory.banksPerGroup)),
      bus_(horizon(memory, timing)),
      banks_(static_cast<std::size_t>(memory.ranks) * banksOfRank_),
      groups_(static_cast<std::size_t>(memory.ranks * memory.bankGroups)),
      ranks_(static_cast<std::size_t>(memory.ranks)),
      activity_(ranks_.size(), RowActivity(static_cast<std::int64_t>(banksOfRank_))) {}

RowOpening RowBanks::plan(const RowVisit& visit, std::int64_t from) {
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
  opening.activate =
      bus_.firstFree(std::max({activate, rank.mayActivate, rank.activated + timing_.activateInRank,
                               group.activated + timing_.activateInGroup,
                               rank.activates[rank.next] + timing_.fourActivates}),
                     timing_.activateClocks);
  return opening;
}

std::int64_t RowBanks::earliestColumn(const RowVisit& visit, Direction direction,
                                      const RowOpening& opening) const {
  const auto next = static_cast<std::size_t>(direction);
  const std::int64_t activated =
      opening.activate == RowOpening::kNone ? bank(visit).activated : opening.activate;
  const Group& group = groups_[static_cast<std::size_t>(visit.group)];
  const auto own = static_cast<std::size_t>(visit.rank);
  const Rank& rank = ranks_[own];
  std::int64_t cycle = activated + timing_.activateToColumn[next];
  for (std::size_t last = 0; last < 2; ++last) {
    cycle = std::max({cycle, group.column[last] + timing_.columnInGroup[last][next],
                      rank.column[last] + timing_.columnInRank[last][next]});
  }
  if (ranks_.size() == 1) return cycle;
  for (std::size_t other = 0; other < ranks_.size(); ++other) {
    if (other == own) continue;
    for (std::size_t last = 0; last < 2; ++last) {
      cycle = std::max(cycle, ranks_[other].column[last] + timing_.columnOtherRank[last][next]);
    }
  }
  return cycle;
}

void RowBanks::open(const RowVisit& visit, const RowOpening& opening, MemoryEvents& events) {
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
  log(DramCommand::Activate, visit.rank, visit.bank, at);
  activity.activated(at);
  bank = {visit.row, at, at + timing_.activateToPrecharge, at + timing_.activateToActivate};
  groups_[static_cast<std::size_t>(visit.group)].activated = at;
  rank.activated = at;
  rank.activates[rank.next] = at;
  rank.next = (rank.next + 1) % 4;
}

void RowBanks::use(const RowVisit& visit, Direction direction, std::int64_t last) {
  const auto index = static_cast<std::size_t>(direction);
  Bank& bank = this->bank(visit);
  bank.mayPrecharge = std::max(bank.mayPrecharge, last + timing_.columnToPrecharge[index]);
  groups_[static_cast<std::size_t>(visit.group)].column[index] = last;
  ranks_[static_cast<std::size_t>(visit.rank)].column[index] = last;
}

/// Closes all banks of a rank, if some is open.
std::int64_t RowBanks::closeRank(std::size_t index, std::int64_t due, MemoryEvents& events) {
  Rank& rank = ranks_[index];
  const auto first = banks_.begin() + static_cast<std::ptrdiff_t>(index * banksOfRank_);
  const auto last = first + static_cast<std::ptrdiff_t>(banksOfRank_);
  if (std::all_of(first, last, [](const Bank& bank) { return bank.row == kClosed; })) return due;
  const std::int64_t at = bus_.firstFree(std::max({due, rank.activated + timing_.activateToCloseAll,
                                                   rank.column[0] + timing_.columnToCloseAll[0],
                                                   rank.column[1] + timing_.columnToCloseAll[1],
                                                   rank.precharged + timing_.prechargeToCloseAll}),
                                         timing_.prechargeClocks);
  bus_.reserve(at, timing_.prechargeClocks);
  log(DramCommand::PrechargeAll, static_cast<std::int32_t>(index), -1, at);
  std::for_each(first, last, [](Bank& bank) { bank.row = kClosed; });
  rank.closedAll = at;
  rank.mayActivate = at + timing_.closeAllToActivate;
  activity_[index].allPrecharged(at, events);
  return at + timing_.closeAllToRefresh;
}

std::int64_t RowBanks::refresh(std::int64_t due, MemoryEvents& events) {
  std::int64_t latest = due;
  std::vector<std::int64_t> closed(ranks_.size());
  for (std::size_t r = 0; r < ranks_.size(); ++r) closed[r] = closeRank(r, due, events);
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    Rank& rank = ranks_[r];
    const std::int64_t at =
        bus_.firstFree(std::max({closed[r], rank.activated + timing_.activateToRefresh,
                                 rank.precharged + timing_.prechargeToRefresh,
                                 rank.refreshed + timing_.refreshToRefresh}),
                       timing_.prechargeClocks);
    bus_.reserve(at, timing_.prechargeClocks);
    log(DramCommand::Refresh, static_cast<std::int32_t>(r), -1, at);
    rank.refreshed = at;
    rank.mayActivate = std::max(rank.mayActivate, at + timing_.refreshToActivate);
    latest = std::max(latest, at);
    ++events.refreshes;
  }
  return latest;
}

void RowBanks::restart() {
  bus_.clear();
  for (Bank& bank : banks_) bank = {.row = bank.row};
  std::ranges::fill(groups_, Group{});
  std::ranges::fill(ranks_, Rank{});
  for (RowActivity& activity : activity_) activity.restart();
}

void RowBanks::settle(std::int64_t cycle, MemoryEvents& events) {
  for (RowActivity& activity : activity_) activity.settle(cycle, events);
}

}  // namespace npusim
