#include "sim/memory/dram/controller.h"

#include <bit>
#include <cmath>

#include "sim/core/error.h"

namespace npusim {
namespace {

double ofWrites(const MemoryConfig& memory, double part) {
  return part * static_cast<double>(memory.controller.writeQueue);
}

}  // namespace

DramController::DramController(const MemoryConfig& memory)
    : timing_(effectiveTiming(memory.timing)),
      splitActivate_(hasSplitActivate(memory.timing)),
      readDone_(readDone(timing_)),
      writeDone_(writeDone(timing_)),
      drainAbove_(
          static_cast<std::int64_t>(std::floor(ofWrites(memory, memory.controller.drainAbove)))),
      drainBelow_(
          static_cast<std::int64_t>(std::ceil(ofWrites(memory, memory.controller.drainBelow)))),
      banksPerRank_(static_cast<std::size_t>(memory.bankGroups * memory.banksPerGroup)),
      banksPerGroup_(static_cast<std::size_t>(memory.banksPerGroup)),
      state_(memory),
      queues_{BurstQueue(memory.controller.readQueue, state_.banks()),
              BurstQueue(memory.controller.writeQueue, state_.banks())},
      writes_(memory.controller.writeQueue),
      banks_(state_.banks()),
      ranks_(static_cast<std::size_t>(memory.ranks),
             {.ready = std::vector(kKinds, ReadySet(state_.banks()))}),
      nextRefresh_(timing_.REFI > 0 ? timing_.REFI : kNever) {
  ensure(memory.controller.drainBelow <= memory.controller.drainAbove,
         "a write drain that ends above where it starts");
  for (const DramCommand command : kAllDramCommands) {
    clocks_[indexOf(command)] = commandClocks(command, memory.timing);
  }
}

DramController::Outcome DramController::offer(Direction direction, const DramLocation& location,
                                              std::int64_t clock, std::uint32_t tag) {
  const std::size_t number = static_cast<std::size_t>(location.rank) * banksPerRank_ +
                             static_cast<std::size_t>(location.bankGroup) * banksPerGroup_ +
                             static_cast<std::size_t>(location.bank);
  const bool write = direction == Direction::Write;
  if (isWaitingWrite(number, location)) return write ? Outcome::Merged : Outcome::Forwarded;
  if (full(direction)) return Outcome::Refused;
  const BurstQueue::Index burst = queue(direction).push(
      {location.row, location.column, nextAge_++, static_cast<std::uint32_t>(number), tag});
  if (write) writes_.add(number, location.row, location.column);
  Bank& bank = banks_[number];
  BurstQueue::Index& hit = bank.hit[indexOf(direction)];
  if (hit == BurstQueue::kNone && bank.openRow == location.row) hit = burst;
  now_ = std::max(now_, clock);
  const Direction before = mode_;
  setMode();
  if (mode_ != before || now_ - scannedAt_ > kKeysHold) {
    scanned_ = false;
  }
  if (direction == mode_ && (hit == burst || queue(direction).oldest(number) == burst)) {
    sortBank(number);
    scanned_ = false;
  }
  return Outcome::Queued;
}

inline bool DramController::isWaitingWrite(std::size_t bank, const DramLocation& location) const {
  return queues_[indexOf(Direction::Write)].size() > 0 &&
         writes_.mayContain(bank, location.row, location.column) &&
         queues_[indexOf(Direction::Write)].find(bank, location.row, location.column) !=
             BurstQueue::kNone;
}

inline void DramController::setMode() {
  const std::int64_t writes = queue(Direction::Write).size();
  const bool reads = queue(Direction::Read).size() > 0;
  const bool drain =
      mode_ == Direction::Write ? writes >= drainBelow_ || !reads : writes > drainAbove_ || !reads;
  const Direction mode = drain ? Direction::Write : Direction::Read;
  if (mode == mode_) return;
  mode_ = mode;
  sortBanks(0, banks_.size());
}

/// Enters the bank into the ready sets by its state.
void DramController::sortBank(std::size_t number) {
  Bank& bank = banks_[number];
  const BurstQueue& queue = this->queue(mode_);
  const BurstQueue::Index oldest = queue.oldest(number);
  const BurstQueue::Index hit = bank.hit[indexOf(mode_)];
  Rank& rank = rankOf(number);
  const unsigned before = bank.kinds;
  bank.kinds = 0;
  const auto put = [&](Kind kind, std::uint64_t order, DramCommand command) {
    bank.kinds |= 1U << kind;
    rank.ready[kind].put(number, order, state_.ofBank(command, number));
  };
  const bool open = bank.openRow != kClosed, ready = number != halfActivated_;
  if (bank.owned && ready) {
    put(bank.ownerDirection == Direction::Read ? OwnedRead : OwnedWrite, bank.ownerOrder,
        columnCommand(bank.ownerDirection));
  }
  if (rank.refreshesOwed == 0 && oldest != BurstQueue::kNone) {
    const bool ownHit = bank.owned && bank.ownerDirection == mode_;
    if (ready && hit != BurstQueue::kNone && !ownHit) {
      put(Hit, orderOf(queue[hit].age), columnCommand(mode_));
    }
    if (!open) put(Closed, orderOf(queue[oldest].age), DramCommand::Activate);
    if (open && hit != oldest && !bank.owned) {
      put(Conflict, orderOf(queue[oldest].age), DramCommand::Precharge);
    }
  }
  rank.kinds |= bank.kinds;
  for (unsigned left = before & ~bank.kinds; left != 0; left &= left - 1) {
    ReadySet& set = rank.ready[static_cast<std::size_t>(std::countr_zero(left))];
    set.remove(number);
    if (set.empty()) rank.kinds &= ~(left & -left);
  }
}

void DramController::sortBanks(std::size_t first, std::size_t count) {
  for (std::size_t bank = first; bank < first + count; ++bank) sortBank(bank);
}

std::optional<IssuedCommand> DramController::step() {
  if (!scanned_) scan();
  scanned_ = false;
  if (nextRefresh_ > next_.start) return issue(next_);
  ensure(nextRefresh_ != kNever, "a DRAM controller without anything to do was stepped");
  now_ = nextRefresh_;
  for (Rank& rank : ranks_) ++rank.refreshesOwed;
  sortBanks(0, banks_.size());
  nextRefresh_ += timing_.REFI;
  return std::nullopt;
}

inline IssuedCommand DramController::issue(Candidate chosen) {
  now_ = chosen.start;
  if (timing_.wckSync > 0 && needsSync(chosen)) {
    if (halfActivated_ == kNoBank || activateEndBy_ > now_ + timing_.wckSync) return sync(chosen);
    chosen = {.start = now_, .command = DramCommand::ActivateEnd, .bank = halfActivated_};
  }
  IssuedCommand issued{.command = chosen.command, .bank = chosen.bank, .clock = chosen.start};
  state_.issue(chosen.command, chosen.bank, chosen.start);
  switch (chosen.command) {
    case DramCommand::Read:
    case DramCommand::Write:
      column(chosen, issued);
      break;
    case DramCommand::Activate:
      activate(chosen.bank, chosen.start);
      break;
    case DramCommand::ActivateEnd:
      halfActivated_ = kNoBank;
      sortBank(chosen.bank);
      break;
    case DramCommand::Precharge:
      close(chosen.bank, true, chosen.start);
      break;
    case DramCommand::PrechargeAll:
      closeRank(chosen.bank, chosen.start);
      break;
    case DramCommand::Refresh:
      refresh(chosen.bank);
      break;
    case DramCommand::Sync:
      throw InternalError("a Sync is not chosen by itself");
  }
  return issued;
}

inline bool DramController::needsSync(const Candidate& chosen) {
  return movesData(chosen.command) && !synced_ && chosen.start >= rankOf(chosen.bank).dataClockEnd;
}

inline IssuedCommand DramController::sync(const Candidate& chosen) {
  synced_ = chosen;
  state_.issue(DramCommand::Sync, chosen.bank, chosen.start);
  return {.command = DramCommand::Sync, .bank = chosen.bank, .clock = chosen.start};
}

inline void DramController::activate(std::size_t number, std::int64_t clock) {
  Bank& bank = banks_[number];
  Rank& rank = rankOf(number);
  const BurstQueue::Entry& owner = queue(mode_)[queue(mode_).oldest(number)];
  bank.openRow = owner.row;
  for (std::size_t direction = 0; direction < 2; ++direction) {
    const BurstQueue& queue = queues_[direction];
    bank.hit[direction] = queue.findRow(queue.oldest(number), bank.openRow);
  }
  bank.owned = true;
  bank.ownerDirection = mode_;
  bank.ownerOrder = orderOf(owner.age) - kQueued + kOwner;
  ++rank.ownedBanks;
  if (rank.openBanks++ == 0) rank.openSince = clock;
  ++events_.activates;
  ++(bank.closedForBurst ? events_.rowConflicts : events_.rowMisses);
  if (splitActivate_) {
    halfActivated_ = number;
    activateEndBy_ = clock + kActivateEndWithin;
  }
  sortBank(number);
}

inline void DramController::column(const Candidate& chosen, IssuedCommand& issued) {
  const Direction direction = directionOf(chosen.command);
  const bool read = direction == Direction::Read;
  Bank& bank = banks_[chosen.bank];
  Rank& rank = rankOf(chosen.bank);
  ++(read ? events_.reads : events_.writes);
  if (bank.owned && bank.ownerDirection == direction) {
    bank.owned = false;
    --rank.ownedBanks;
  } else {
    ++events_.rowHits;
  }
  issued.tag = queue(direction)[bank.hit[indexOf(direction)]].tag;
  issued.done = chosen.start + (read ? readDone_ : writeDone_);
  rank.dataClockEnd = std::max(rank.dataClockEnd, issued.done + timing_.wckIdle);
  synced_.reset();
  takeHit(chosen.bank, direction);
  setMode();
}

/// Removes the burst that has been served and finds the row's next.
inline void DramController::takeHit(std::size_t number, Direction direction) {
  BurstQueue& queue = this->queue(direction);
  BurstQueue::Index& hit = banks_[number].hit[indexOf(direction)];
  const BurstQueue::Index served = hit;
  const BurstQueue::Entry& entry = queue[served];
  if (direction == Direction::Write) writes_.remove(number, entry.row, entry.column);
  hit = queue.findRow(entry.next, entry.row);
  queue.remove(served);
  // The usual case changes one order.
  if (banks_[number].kinds == kOnlyHit && direction == mode_ && hit != BurstQueue::kNone &&
      hit == queue.oldest(number)) {
    rankOf(number).ready[Hit].put(number, orderOf(queue[hit].age),
                                  state_.ofBank(columnCommand(mode_), number));
  } else {
    sortBank(number);
  }
}

void DramController::close(std::size_t number, bool forBurst, std::int64_t clock) {
  Bank& bank = banks_[number];
  bank.openRow = kClosed;
  bank.hit = {BurstQueue::kNone, BurstQueue::kNone};
  bank.closedForBurst = forBurst;
  Rank& rank = rankOf(number);
  if (--rank.openBanks == 0) events_.activeCycles += clock - rank.openSince;
  sortBank(number);
}

void DramController::closeRank(std::size_t firstBank, std::int64_t clock) {
  for (std::size_t bank = firstBank; bank < firstBank + banksPerRank_; ++bank) {
    if (banks_[bank].openRow != kClosed) close(bank, false, clock);
  }
}

void DramController::refresh(std::size_t firstBank) {
  --rankOf(firstBank).refreshesOwed;
  ++events_.refreshes;
  sortBanks(firstBank, banksPerRank_);
}

void DramController::skipIdle(std::int64_t clock) {
  constexpr std::int64_t kLeft = 4;
  const std::int64_t refreshing = timing_.RPab + timing_.RFC + timing_.prechargeClocks;
  if (!idle() || nextRefresh_ == kNever || refreshing >= timing_.REFI) return;
  if (clock <= nextRefresh_ + (kLeft + 1) * timing_.REFI) return;
  // After the first of them all banks are closed.
  const std::int64_t second = nextRefresh_ + timing_.REFI;
  while (nextClock() < second) step();
  const std::int64_t periods = (clock - second) / timing_.REFI - kLeft;
  nextRefresh_ += periods * timing_.REFI;
  events_.refreshes += periods * static_cast<std::int64_t>(ranks_.size());
}

MemoryEvents DramController::events(std::int64_t clock) const {
  MemoryEvents events = events_;
  events.bursts = events.reads + events.writes;
  for (const Rank& rank : ranks_) {
    if (rank.openBanks > 0) events.activeCycles += clock - rank.openSince;
  }
  events.idleCycles = clock * static_cast<std::int64_t>(ranks_.size()) - events.activeCycles;
  return events;
}

}  // namespace npusim
