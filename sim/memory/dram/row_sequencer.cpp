#include "sim/memory/dram/row_sequencer.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim {

RowSequencer::RowSequencer(const MemoryConfig& memory)
    : timing_(memory),
      lookAhead_(memory.controller.readQueue),
      banks_(memory, timing_),
      remembered_(std::max(lookAhead_, memory.controller.writeQueue) + 1),
      bursts_(remembered_),
      writes_(remembered_),
      clockStops_(static_cast<std::size_t>(memory.ranks)),
      window_(memory.ranks * memory.bankGroups * memory.banksPerGroup) {
  for (std::size_t d = 0; d < 2; ++d) {
    inRow_[d] = std::max(timing_.columnInGroup[d][d], timing_.columnInRank[d][d]);
  }
  const std::int64_t opening = timing_.prechargeToActivate + timing_.activateToColumn[0];
  const bool gains = timing_.columnInRank[0][0] < inRow_[0];
  overlapBursts_ = gains ? std::max<std::int64_t>(0, lookAhead_ - ceilDiv(opening, inRow_[0])) : 0;
  restart();
}

void RowSequencer::restart() {
  banks_.restart();
  bursts_.clear();
  writes_.clear();
  std::ranges::fill(clockStops_, RowHistory::kLongAgo);
  held_.bursts = 0;
  last_ = rowsFrom_ = RowHistory::kLongAgo;
  lastRank_ = 0;
  refreshDue_ = timing_.refreshInterval > 0 ? timing_.refreshInterval : INT64_MAX;
}

void RowSequencer::add(std::span<RowVisit> visits, RowRequest& request) {
  for (const RowVisit& visit : visits) {
    if (visit.bursts <= kShortVisit) continue;
    emptyWindow(request);
    if (visits.size() == 1) {
      placeAlone(visit, request);
    } else {
      placeHeld(request);
      serve(visits, request);
    }
    return;
  }
  placeHeld(request);
  for (const RowVisit& visit : visits) addShort(visit, request);
}

void RowSequencer::finish(RowRequest& request) {
  emptyWindow(request);
  placeHeld(request);
}

void RowSequencer::addShort(const RowVisit& visit, RowRequest& request) {
  if (!window_.join(visit)) {
    while (window_.isFull()) placeChosen(request);
    note(window_.add(visit), request.direction);
  }
  while (window_.bursts() > lookAhead_) placeChosen(request);
}

void RowSequencer::emptyWindow(RowRequest& request) {
  while (window_.size() > 1) placeChosen(request);
  if (window_.size() == 0) return;
  const RowVisit visit = window_.visit(window_.slotOf(0));
  window_.take(0, visit.bursts);
  serve(visit, request);
}

/// Notes in the window what its bank does to a visit.
void RowSequencer::note(std::size_t slot, Direction direction) {
  const RowVisit& visit = window_.visit(slot);
  window_.setReady(slot, banks_.bankReady(visit, direction), banks_.isOpen(visit));
}

void RowSequencer::placeChosen(RowRequest& request) {
  const std::size_t age = choose(request);
  const RowVisit visit = window_.visit(window_.slotOf(age));
  const std::int64_t due = refreshDue_;
  placeBurst(visit, request);
  window_.take(age, 1);
  if (due != refreshDue_) {
    for (std::size_t i = 0; i < window_.size(); ++i) note(window_.slotOf(i), request.direction);
    return;
  }
  for (std::uint32_t slots = window_.slotsOf(visit.bank); slots != 0; slots &= slots - 1) {
    note(static_cast<std::size_t>(__builtin_ctz(slots)), request.direction);
  }
}

/// The age of the visit whose next column command can come first, as far as its bank and the
/// activates of its rank matter, and of those the oldest.
std::size_t RowSequencer::choose(const RowRequest& request) const {
  const auto d = static_cast<std::size_t>(request.direction);
  std::int64_t soon = std::max(request.earliest, last_ + timing_.columnInRank[d][d]);
  const bool oneRank = clockStops_.size() == 1;
  const std::int64_t activates = banks_.rankReady(window_.visit(window_.slotOf(0)).rank, d);
  // With all rows closed nothing comes before the next activate.
  if (oneRank && !window_.hasOpen()) soon = std::max(soon, activates);
  std::size_t best = 0;
  std::int64_t least = INT64_MAX;
  for (std::size_t age = 0; age < window_.size(); ++age) {
    const std::size_t slot = window_.slotOf(age);
    std::int64_t column = window_.ready(slot);
    const RowVisit& visit = window_.visit(slot);
    if (window_.isOpen(slot)) {
      column = std::max(column, banks_.groupReady(visit.group, d));
    } else {
      column = std::max(column, oneRank ? activates : banks_.rankReady(visit.rank, d));
    }
    if (visit.rank != lastRank_) column = std::max(column, last_ + timing_.columnOtherRank[d][d]);
    if (column <= soon) return age;
    if (column >= least) continue;
    least = column;
    best = age;
  }
  return best;
}

void RowSequencer::placeHeld(RowRequest& request) {
  if (held_.bursts == 0) return;
  const RowVisit visit = held_;
  held_.bursts = 0;
  serve(visit, request);
}

bool RowSequencer::overlaps(const RowVisit& next) const {
  return held_.bursts > 1 && next.bursts > 1 && next.rank == held_.rank &&
         next.group != held_.group;
}

void RowSequencer::placeAlone(RowVisit visit, RowRequest& request) {
  if (overlaps(visit)) {
    const std::int64_t turns = std::min({held_.bursts, visit.bursts, overlapBursts_});
    RowVisit before = held_;
    before.bursts -= turns;
    serve(before, request);
    RowVisit both[] = {held_, visit};
    both[0].bursts = both[1].bursts = turns;
    serve(both, request);
    visit.bursts -= turns;
    held_.bursts = 0;
  }
  placeHeld(request);
  if (visit.bursts > 1 && overlapBursts_ > 0) {
    held_ = visit;
  } else {
    serve(visit, request);
  }
}

void RowSequencer::serve(std::span<RowVisit> visits, RowRequest& request) {
  while (!visits.empty()) {
    for (const RowVisit& visit : visits) placeBurst(visit, request);
    std::int64_t rounds = std::ranges::min(visits, {}, &RowVisit::bursts).bursts;
    rounds = rounds == 1 ? 1 : 1 + placeRounds(visits, rounds - 1, request);
    for (RowVisit& visit : visits) visit.bursts -= rounds;
    visits = withoutDone(visits);
  }
}

void RowSequencer::serve(RowVisit visit, RowRequest& request) {
  while (visit.bursts > 0) visit.bursts -= placeRun(visit, visit.bursts, request);
}

/// Opens the visit's row if need be; returns the cycle of its next column command.
inline std::int64_t RowSequencer::openAndFind(const RowVisit& visit, RowRequest& request) {
  while (request.earliest >= refreshDue_) refresh(request.events);
  const std::int64_t inView = bursts_.columnOf(bursts_.total() - lookAhead_);
  RowOpening opening;
  std::int64_t column = 0;
  for (bool refreshed = false;; refreshed = true) {
    opening = banks_.plan(visit, std::max({request.earliest, inView, rowsFrom_}));
    column = std::max(request.earliest, banks_.earliestColumn(visit, request.direction, opening));
    if (refreshed || withSync(visit, column) < refreshDue_) break;
    refresh(request.events);
  }
  if (opening.activate == RowOpening::kNone) ++request.events.rowHits;
  banks_.open(visit, opening, request.events);
  if (withSync(visit, column) == column) return column;
  banks_.takeBus(column, 1, timing_.syncClocks, 1);
  if (log_ != nullptr) log_->push_back({DramCommand::Sync, visit.rank, -1, column});
  return column + timing_.syncClocks;
}

/// Places the visit's next burst and as many of the next `bursts` as follow evenly before the next
/// refresh; returns how many.
std::int64_t RowSequencer::placeRun(const RowVisit& visit, std::int64_t bursts,
                                    RowRequest& request) {
  const std::int64_t column = openAndFind(visit, request);
  const auto d = static_cast<std::size_t>(request.direction);
  const std::int64_t spacing = inRow_[d];
  const bool stops = timing_.syncClocks > 0 && spacing >= timing_.columnDone[d] + timing_.syncIdle;
  if (stops) bursts = 1;
  if (column + (bursts - 1) * spacing >= refreshDue_) {
    bursts = 1 + std::max<std::int64_t>(0, (refreshDue_ - 1 - column) / spacing);
  }
  request.events.rowHits += bursts - 1;
  book(visit, column, bursts, spacing, request);
  return bursts;
}

/// Books evenly spaced bursts to an open row.
inline void RowSequencer::book(const RowVisit& visit, std::int64_t column, std::int64_t bursts,
                               std::int64_t spacing, RowRequest& request) {
  const std::int64_t last = column + (bursts - 1) * spacing;
  if (log_ != nullptr) {
    for (std::int64_t at = column; at <= last; at += spacing) {
      log_->push_back({columnCommand(request.direction), visit.rank, visit.bank, at});
    }
  }
  // Row commands still to be placed lie within the look-ahead.
  const std::int64_t seen = std::min(bursts, lookAhead_);
  banks_.takeBus(last - (seen - 1) * spacing, timing_.columnClocks, seen, spacing);
  use(visit, request.direction, last);
  remember(bursts, column, spacing, request);
}

/// Places as many of the next `rounds` rounds of all visits as come before the next refresh, if
/// they are evenly spaced; returns how many.
std::int64_t RowSequencer::placeRounds(std::span<const RowVisit> visits, std::int64_t rounds,
                                       RowRequest& request) {
  if (!findSpacing(visits, request.direction)) return 0;
  const std::int64_t period = offsets_.back();
  const std::int64_t before = last_;
  if (before + rounds * period >= refreshDue_) rounds = (refreshDue_ - 1 - before) / period;
  if (rounds <= 0) return 0;
  const auto size = static_cast<std::int64_t>(visits.size());
  for (std::size_t i = 0; i < visits.size(); ++i) {
    use(visits[i], request.direction, before + (rounds - 1) * period + offsets_[i]);
  }
  request.events.rowHits += rounds * size;
  if (log_ != nullptr) logRounds(visits, rounds, request.direction);
  if (isUniform_) {
    const std::int64_t spacing = offsets_.front();
    const std::int64_t bursts = rounds * size;
    const std::int64_t seen = std::min(bursts, lookAhead_);
    banks_.takeBus(before + (bursts - seen + 1) * spacing, timing_.columnClocks, seen, spacing);
    remember(bursts, before + spacing, spacing, request);
  } else {
    rememberRounds(rounds, request);
  }
  return rounds;
}

void RowSequencer::logRounds(std::span<const RowVisit> visits, std::int64_t rounds,
                             Direction direction) {
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < visits.size(); ++i) {
      log_->push_back({columnCommand(direction), visits[i].rank, visits[i].bank,
                       last_ + round * offsets_.back() + offsets_[i]});
    }
  }
}

/// Of unevenly spaced bursts only the latest are remembered, one by one.
void RowSequencer::rememberRounds(std::int64_t rounds, RowRequest& request) {
  const auto size = static_cast<std::int64_t>(offsets_.size());
  const std::int64_t before = last_;
  const std::int64_t kept = std::min(rounds, ceilDiv(remembered_, size));
  const std::int64_t skipped = rounds - kept;
  if (skipped > 0) remember(skipped * size, before + offsets_.front(), 0, request);
  for (std::int64_t round = skipped; round < rounds; ++round) {
    for (const std::int64_t offset : offsets_) {
      const std::int64_t column = before + round * offsets_.back() + offset;
      banks_.takeBus(column, timing_.columnClocks, 1, 1);
      remember(1, column, 1, request);
    }
  }
}

/// Least cycles from a burst of one visit to one of another, both under way.
std::int64_t RowSequencer::spacing(const RowVisit& visit, const RowVisit& next,
                                   Direction direction) const {
  const auto d = static_cast<std::size_t>(direction);
  if (visit.rank != next.rank) return timing_.columnOtherRank[d][d];
  const std::int64_t inRank = timing_.columnInRank[d][d];
  return visit.group == next.group ? std::max(inRank, timing_.columnInGroup[d][d]) : inRank;
}

/// Fills offsets_ with the cycles from a round's end to each burst of the next round. False when
/// rows are closed, or bursts further apart than neighbours hold each other up.
bool RowSequencer::findSpacing(std::span<const RowVisit> visits, Direction direction) {
  offsets_.resize(visits.size());
  std::int64_t sum = 0, least = INT64_MAX, most = 0;
  bool oneRank = true;
  const RowVisit* previous = &visits.back();
  for (std::size_t i = 0; i < visits.size(); ++i) {
    if (!banks_.isOpen(visits[i])) return false;
    const std::int64_t gap = spacing(*previous, visits[i], direction);
    least = std::min(least, gap);
    most = std::max(most, gap);
    oneRank = oneRank && visits[i].rank == previous->rank;
    offsets_[i] = sum += gap;
    previous = &visits[i];
  }
  isUniform_ = least == most;
  const auto d = static_cast<std::size_t>(direction);
  const bool runs =
      timing_.syncClocks == 0 || (oneRank && most < timing_.columnDone[d] + timing_.syncIdle);
  return runs && (visits.size() == 1 || 2 * least >= timing_.columnInGroup[d][d]);
}

void RowSequencer::refreshBefore(std::int64_t cycle, MemoryEvents& events) {
  while (refreshDue_ < cycle) refresh(events);
}

void RowSequencer::refresh(MemoryEvents& events) {
  rowsFrom_ = banks_.refresh(std::max(refreshDue_, last_), events);
  refreshDue_ += timing_.refreshInterval;
}

}  // namespace npusim
