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
      oneRank_(memory.ranks == 1),
      bus_(horizon(memory, timing)),
      banks_(static_cast<std::size_t>(memory.ranks) * banksOfRank_),
      groups_(static_cast<std::size_t>(memory.ranks * memory.bankGroups)),
      ranks_(static_cast<std::size_t>(memory.ranks)),
      activity_(ranks_.size(), RowActivity(static_cast<std::int64_t>(banksOfRank_))) {}

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
