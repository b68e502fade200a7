#include "sim/memory/dram/controller.h"

namespace npusim {

inline void DramController::consider(DramCommand command, std::size_t bank, std::int64_t start,
                                     std::uint64_t order, Best& best) const {
  const auto untilEnd = static_cast<std::uint64_t>(start - scannedAt_ + clocks_[indexOf(command)]);
  const std::uint64_t key = (untilEnd << (kAgeBits + kClassBits)) + order;
  const bool better = key < best.key;
  best.key = better ? key : best.key;
  best.command = better ? command : best.command;
  best.bank = better ? bank : best.bank;
}

inline DramController::Candidate DramController::chosen(const Best& best) const {
  if (best.key == kNoKey) return {};
  const auto untilEnd = static_cast<std::int64_t>(best.key >> (kAgeBits + kClassBits));
  return {scannedAt_ + untilEnd - clocks_[indexOf(best.command)], best.command, best.bank};
}

inline ReadySet::First DramController::firstOf(DramCommand command, std::size_t rank, Kind kind) {
  const std::int64_t floor = std::max(now_, state_.floor(command, rank));
  return ranks_[rank].ready[kind].first(floor, state_.ofBanks(command));
}

inline void DramController::scanSet(DramCommand command, std::size_t rank, Kind kind, Best& best) {
  if ((ranks_[rank].kinds >> kind & 1U) == 0) return;
  const ReadySet::First first = firstOf(command, rank, kind);
  consider(command, first.bank, first.clock, first.order, best);
}

void DramController::scan() {
  scanned_ = true;
  scannedAt_ = now_;
  if (synced_) {
    next_ = *synced_;
    next_.start = std::max(now_, state_.earliest(next_.command, next_.bank));
    return;
  }
  if (oneRank_ && ranks_[0].kinds == kOnlyHit && halfActivated_ == kNoBank) {
    const DramCommand command = columnCommand(mode_);  // a stream
    const ReadySet::First first = firstOf(command, 0, Hit);
    next_ = {first.clock, command, first.bank};
    return;
  }
  Best column, row;
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    scanSet(DramCommand::Read, rank, OwnedRead, column);
    scanSet(DramCommand::Write, rank, OwnedWrite, column);
    scanSet(columnCommand(mode_), rank, Hit, column);
    if (halfActivated_ == kNoBank) scanSet(DramCommand::Activate, rank, Closed, row);
    scanSet(DramCommand::Precharge, rank, Conflict, row);
    if (ranks_[rank].refreshesOwed > 0) scanRefresh(rank, row);
  }
  if (halfActivated_ != kNoBank) scanActivateEnd(row);
  if (!timing_.splitCommandBus) {
    next_ = chosen(column.key < row.key ? column : row);
    return;
  }
  // Each bus takes its own best; the column command is given first.
  const Candidate ofColumn = chosen(column), ofRow = chosen(row);
  next_ = ofColumn.start <= ofRow.start ? ofColumn : ofRow;
}

void DramController::scanRefresh(std::size_t number, Best& best) const {
  const Rank& rank = ranks_[number];
  if (rank.ownedBanks > 0) return;
  const DramCommand command = rank.openBanks > 0 ? DramCommand::PrechargeAll : DramCommand::Refresh;
  const std::size_t bank = number * banksPerRank_;
  consider(command, bank, std::max(now_, state_.earliest(command, bank)), kRefresh, best);
}

void DramController::scanActivateEnd(Best& best) const {
  const std::int64_t start =
      std::max(now_, state_.earliest(DramCommand::ActivateEnd, halfActivated_));
  consider(DramCommand::ActivateEnd, halfActivated_, start,
           start >= activateEndBy_ ? kUrgent : kDeferred, best);
}

}  // namespace npusim
