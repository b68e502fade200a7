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
      oneRank_(memory.ranks == 1),
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

void DramController::switchTo(Direction mode) {
  mode_ = mode;
  scanned_ = false;
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

void DramController::refreshFallsDue() {
  ensure(nextRefresh_ != kNever, "a DRAM controller without anything to do was stepped");
  now_ = nextRefresh_;
  for (Rank& rank : ranks_) ++rank.refreshesOwed;
  sortBanks(0, banks_.size());
  nextRefresh_ += timing_.REFI;
}

/// Any but a Read or Write.
std::optional<IssuedCommand> DramController::issueRowCommand(const Candidate& chosen) {
  state_.issue(chosen.command, chosen.bank, chosen.start);
  switch (chosen.command) {
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
    case DramCommand::Read:
    case DramCommand::Write:
    case DramCommand::Sync:
      throw InternalError("not a row command");
  }
  return IssuedCommand{.command = chosen.command, .bank = chosen.bank, .clock = chosen.start};
}

/// Starts the data clock for a Read or Write; an activate's second part that has to come before
/// that is through goes first.
std::optional<IssuedCommand> DramController::sync(const Candidate& chosen) {
  if (halfActivated_ != kNoBank && activateEndBy_ <= now_ + timing_.wckSync) {
    return issueRowCommand(
        {.start = now_, .command = DramCommand::ActivateEnd, .bank = halfActivated_});
  }
  synced_ = chosen;
  state_.issue(DramCommand::Sync, chosen.bank, chosen.start);
  return IssuedCommand{.command = DramCommand::Sync, .bank = chosen.bank, .clock = chosen.start};
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
