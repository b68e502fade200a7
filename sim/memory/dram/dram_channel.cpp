#include "sim/memory/dram/dram_channel.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim {
namespace {

/// Idle bus cycles when the data direction turns (assumed: two, as in common controllers).
constexpr std::int64_t kTurnAroundCycles = 2;

}  // namespace

DramChannel::DramChannel(const MemoryConfig& memory)
    : timing_(memory.timing),
      bankGroups_(memory.bankGroups),
      banksPerGroup_(memory.banksPerGroup),
      burstCycles_(ceilDiv(memory.timing.burstLength, memory.timing.dataRate)),
      banks_(static_cast<std::size_t>(memory.ranks * memory.bankGroups * memory.banksPerGroup)),
      ranks_(static_cast<std::size_t>(memory.ranks)) {
  beginPhase();
}

void DramChannel::beginPhase() {
  for (Bank& bank : banks_) bank = {.openRow = bank.openRow};
  for (Rank& rank : ranks_) {
    rank = {};
    rank.recentActivates.fill(kLongAgo);
  }
  oldestIssue_ = issueCount_ = 0;
  bursts_ = 0;
  last_ = {};
  dataEnd_ = blockedUntil_ = kLongAgo;
  nextRefresh_ = timing_.REFI;
}

Completion DramChannel::access(std::int64_t arrival, Direction direction,
                               std::span<const RowVisit> visits, MemoryEvents& events) {
  refreshesBefore(std::max(arrival, last_.cycle), events);
  const bool groupsAlternate = bankGroups_ == 1 || std::ranges::any_of(visits, [&](const auto& v) {
                                 return v.bankGroup != visits.front().bankGroup;
                               });
  const std::int64_t spacing =
      std::max(burstCycles_, groupsAlternate ? timing_.CCD_S : timing_.CCD_L);
  // Burst s of the request leaves at column + s x spacing; visit i's first burst is burst i.
  std::int64_t column = std::max(arrival, earliestColumn(direction, visits.front()));
  std::int64_t turn = 0;
  std::int64_t total = 0;
  for (const RowVisit& visit : visits) {
    const std::int64_t earliest = std::max(arrival, inView(bursts_ + turn));
    column = std::max(column, open(visit, earliest, events) - turn * spacing);
    total += visit.bursts;
    ++turn;
  }
  const bool reads = direction == Direction::Read;
  const std::int64_t latency = reads ? timing_.CL : timing_.CWL;
  const std::int64_t lastColumn = column + (total - 1) * spacing;
  const std::int64_t end = lastColumn + latency + burstCycles_;
  for (const RowVisit& visit : visits) {
    Bank& bank = bankOf(visit);
    const std::int64_t closable = reads ? lastColumn + timing_.RTP : end + timing_.WR;
    bank.mayPrecharge = std::max(bank.mayPrecharge, closable);
  }
  remember({bursts_, column, spacing}, total);
  last_ = {direction, lastColumn, visits.back().bankGroup, visits.back().rank};
  dataEnd_ = end;
  events.bursts += total;
  events.rowHits += total - static_cast<std::int64_t>(visits.size());
  return {column + latency, end};
}

DramChannel::Bank& DramChannel::bankOf(const RowVisit& visit) {
  const std::int64_t index =
      (visit.rank * bankGroups_ + visit.bankGroup) * banksPerGroup_ + visit.bank;
  return banks_[static_cast<std::size_t>(index)];
}

/// When burst number `burst` comes within the look-ahead: as burst - kLookAheadBursts leaves.
std::int64_t DramChannel::inView(std::int64_t burst) {
  const std::int64_t leaving = burst - kLookAheadBursts;
  if (leaving < 0) return kLongAgo;
  const auto issue = [&](std::uint64_t i) -> const Issue& { return issues_[i % issues_.size()]; };
  while (oldestIssue_ + 1 < issueCount_ && issue(oldestIssue_ + 1).firstBurst <= leaving) {
    ++oldestIssue_;
  }
  const Issue& found = issue(oldestIssue_);
  return found.column + (leaving - found.firstBurst) * found.spacing;
}

void DramChannel::remember(const Issue& issue, std::int64_t bursts) {
  issues_[issueCount_ % issues_.size()] = issue;
  ++issueCount_;
  bursts_ += bursts;
}

/// The cycle from which column commands may go to the visit's row.
std::int64_t DramChannel::open(const RowVisit& visit, std::int64_t earliest, MemoryEvents& events) {
  Bank& bank = bankOf(visit);
  if (bank.openRow == visit.row) {
    ++events.rowHits;
    return bank.activated + timing_.RCD;
  }
  if (bank.openRow == kNoRow) {
    ++events.rowMisses;
  } else {
    ++events.rowConflicts;
    earliest = std::max(earliest, bank.mayPrecharge) + timing_.RP;
  }
  ++events.activates;
  const std::int64_t activated = activate(visit, std::max(earliest, bank.activated + timing_.RC));
  bank = {visit.row, activated, activated + timing_.RAS};
  return activated + timing_.RCD;
}

/// Issues an activate under the rank's tRRD and tFAW; returns its cycle.
std::int64_t DramChannel::activate(const RowVisit& visit, std::int64_t earliest) {
  Rank& rank = ranks_[static_cast<std::size_t>(visit.rank)];
  const bool sameGroup = bankGroups_ > 1 && rank.lastActivateGroup == visit.bankGroup;
  const std::int64_t gap = sameGroup ? timing_.RRD_L : timing_.RRD_S;
  std::int64_t& fourBack = rank.recentActivates[static_cast<std::size_t>(rank.nextActivate)];
  const std::int64_t cycle =
      std::max({earliest, blockedUntil_, rank.lastActivate + gap, fourBack + timing_.FAW});
  fourBack = cycle;
  rank.nextActivate = (rank.nextActivate + 1) % 4;
  rank.lastActivate = cycle;
  rank.lastActivateGroup = visit.bankGroup;
  return cycle;
}

/// The first column command's cycle as far as the command and data buses allow.
std::int64_t DramChannel::earliestColumn(Direction direction, const RowVisit& visit) const {
  const bool sameGroup =
      bankGroups_ > 1 && last_.bankGroup == visit.bankGroup && last_.rank == visit.rank;
  if (last_.direction == direction) {
    return last_.cycle + std::max(burstCycles_, sameGroup ? timing_.CCD_L : timing_.CCD_S);
  }
  if (direction == Direction::Read) return dataEnd_ + (sameGroup ? timing_.WTR_L : timing_.WTR_S);
  return last_.cycle + timing_.CL + burstCycles_ + kTurnAroundCycles - timing_.CWL;
}

void DramChannel::refreshesBefore(std::int64_t cycle, MemoryEvents& events) {
  if (timing_.REFI <= 0 || timing_.RFC <= 0) return;
  for (; nextRefresh_ <= cycle; nextRefresh_ += timing_.REFI) {
    std::int64_t start = std::max({nextRefresh_, dataEnd_, blockedUntil_});
    for (const Bank& bank : banks_) start = std::max(start, bank.mayPrecharge);
    for (Bank& bank : banks_) bank.openRow = kNoRow;
    blockedUntil_ = start + timing_.RP + timing_.RFC;
    events.refreshes += static_cast<std::int64_t>(ranks_.size());
  }
}

void DramChannel::idleUntil(std::int64_t cycle, MemoryEvents& events) {
  refreshesBefore(cycle - 1, events);
}

}  // namespace npusim
