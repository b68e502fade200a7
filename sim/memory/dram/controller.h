#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "sim/memory/dram/address_map.h"
#include "sim/memory/dram/burst_filter.h"
#include "sim/memory/dram/burst_queue.h"
#include "sim/memory/dram/ready_set.h"
#include "sim/memory/dram/timing_state.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// A command as it was given.
struct IssuedCommand {
  DramCommand command = DramCommand::Activate;
  std::size_t bank = 0;  ///< of the channel; of a command to a rank: that rank's first
  std::int64_t clock = 0;
  std::int64_t done = 0;  ///< of a Read or Write: its last data beat has passed
  std::uint32_t tag = 0;  ///< of a Read or Write: its burst's
};

/// The command-level controller of one channel. It jumps from one clock in which something happens
/// to the next and does what a controller that looks at every clock would do:
/// - Of each command bus the command that can end first is given as soon as it can be; among
///   equals first the Read or Write for which a row was opened, then a refresh, then the oldest
///   burst's (first ready, first come first served).
/// - Bursts of one direction are served at a time: writes from above DramControllerConfig's
///   drainAbove of their queue, or while there are no reads, until they are below drainBelow and
///   reads wait.
/// - Row-hit protection: a row is not closed for a burst while an older burst of that direction,
///   or the one it was opened for, waits for it. Rows stay open otherwise.
/// - Every REFI cycles a refresh of each rank falls due: nothing new is begun on the rank, rows
///   opened for a burst serve it, all banks are closed, and the refresh follows.
class DramController {
 public:
  static constexpr std::int64_t kNever = ReadySet::kNever;

  enum class Outcome : std::uint8_t {
    Refused,  ///< its queue is full
    Queued,
    Forwarded,  ///< a read of what a waiting write holds
    Merged,     ///< a write over one that waits
  };

  explicit DramController(const MemoryConfig& memory);

  /// A burst arrives. Everything before `clock` must have happened: nextClock() >= clock.
  Outcome offer(Direction direction, const DramLocation& location, std::int64_t clock,
                std::uint32_t tag);
  /// When the next thing happens: a command, or a refresh falls due. kNever: nothing.
  std::int64_t nextClock() {
    if (!scanned_) scan();
    return std::min(next_.start, nextRefresh_);
  }
  /// Does it; nothing is returned for a refresh that falls due.
  std::optional<IssuedCommand> step() {
    if (!scanned_) scan();
    scanned_ = false;
    if (nextRefresh_ > next_.start) return issue(next_);
    refreshFallsDue();
    return std::nullopt;
  }
  /// Before a pause until `clock`: takes many of its refreshes at once if nothing waits. Some are
  /// left to be stepped through.
  void skipIdle(std::int64_t clock);

  /// Whether a write of this burst waits.
  bool isWaitingWrite(const DramLocation& location) const {
    const BurstQueue& writes = queues_[indexOf(Direction::Write)];
    if (writes.size() == 0) return false;
    const std::size_t bank = bankOf(location);
    return writes_.mayContain(bank, location.row, location.column) &&
           writes.find(bank, location.row, location.column) != BurstQueue::kNone;
  }
  /// Whether the queue of a direction refuses.
  bool full(Direction direction) const { return queues_[indexOf(direction)].full(); }
  bool idle() const { return queues_[0].size() + queues_[1].size() == 0; }
  /// What happened so far, with rank-cycles up to `clock`.
  MemoryEvents events(std::int64_t clock) const;

 private:
  static constexpr std::int64_t kClosed = -1;
  static constexpr std::uint64_t kNoKey = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::size_t kNoBank = std::numeric_limits<std::size_t>::max();

  /// What could be given to a bank: its owner's Read or Write, a Read or Write of the direction
  /// served, an Activate, a Precharge.
  enum Kind : std::uint8_t { OwnedRead, OwnedWrite, Hit, Closed, Conflict };
  static constexpr std::size_t kKinds = 5;
  static constexpr unsigned kOnlyHit = 1U << Hit;

  struct Bank {
    std::int64_t openRow = kClosed;
    /// By direction: the oldest burst of the open row.
    std::array<BurstQueue::Index, 2> hit = {BurstQueue::kNone, BurstQueue::kNone};
    bool owned = false;  ///< the burst it was opened for waits, as the hit of ownerDirection
    Direction ownerDirection = Direction::Read;
    bool closedForBurst = false;  ///< and not by a refresh
    unsigned kinds = 0;           ///< of the ready sets that it is in, a bit each
    std::uint64_t ownerOrder = 0;
  };
  struct Rank {
    std::int64_t openBanks = 0, ownedBanks = 0;
    std::int64_t openSince = 0;
    std::int64_t refreshesOwed = 0;
    std::int64_t dataClockEnd = 0;
    std::vector<ReadySet> ready;  ///< by Kind
    unsigned kinds = 0;           ///< of those that are not empty, a bit each
  };
  /// Order of candidates that end in the same clock: the class, then the age of the burst.
  static constexpr unsigned kAgeBits = 38, kClassBits = ReadySet::kOrderBits - kAgeBits;
  static constexpr std::uint64_t kUrgent = std::uint64_t{0} << kAgeBits,
                                 kOwner = std::uint64_t{1} << kAgeBits,
                                 kRefresh = std::uint64_t{2} << kAgeBits,
                                 kQueued = std::uint64_t{3} << kAgeBits,
                                 kDeferred = std::uint64_t{4} << kAgeBits;
  /// Clocks after a scan for which keys leave room.
  static constexpr std::int64_t kKeysHold = std::int64_t{1} << 20;
  /// A command that could be given.
  struct Candidate {
    std::int64_t start = kNever;
    DramCommand command = DramCommand::Activate;
    std::size_t bank = 0;
  };
  /// The best so far of a scan.
  struct Best {
    /// The least goes first: the clocks from the scan to the command's end (rules have at most
    /// four terms of at most 1,000,000), then the order.
    std::uint64_t key = kNoKey;
    DramCommand command = DramCommand::Activate;
    std::size_t bank = 0;
  };

  BurstQueue& queue(Direction direction) { return queues_[indexOf(direction)]; }
  Rank& rankOf(std::size_t bank) { return ranks_[state_.rankOf(bank)]; }
  std::size_t bankOf(const DramLocation& location) const {
    return static_cast<std::size_t>(location.rank) * banksPerRank_ +
           static_cast<std::size_t>(location.bankGroup) * banksPerGroup_ +
           static_cast<std::size_t>(location.bank);
  }
  void push(Direction direction, const DramLocation& location, std::int64_t clock,
            std::uint32_t tag);
  static std::uint64_t orderOf(std::uint64_t age) {
    return kQueued + (age & ((std::uint64_t{1} << kAgeBits) - 1));
  }
  void setMode();
  void switchTo(Direction mode);
  void sortBank(std::size_t bank);
  void sortBanks(std::size_t first, std::size_t count);

  void scan();
  void scanSet(DramCommand command, std::size_t rank, Kind kind, Best& best);
  ReadySet::First firstOf(DramCommand command, std::size_t rank, Kind kind);
  void scanRefresh(std::size_t rank, Best& best) const;
  void scanActivateEnd(Best& best) const;
  void consider(DramCommand command, std::size_t bank, std::int64_t start, std::uint64_t order,
                Best& best) const;
  Candidate chosen(const Best& best) const;

  void refreshFallsDue();
  std::optional<IssuedCommand> issue(const Candidate& chosen) {
    now_ = chosen.start;
    if (timing_.wckSync > 0 && needsSync(chosen)) return sync(chosen);
    return movesData(chosen.command) ? column(chosen) : issueRowCommand(chosen);
  }
  bool needsSync(const Candidate& chosen) {
    return movesData(chosen.command) && !synced_ &&
           chosen.start >= rankOf(chosen.bank).dataClockEnd;
  }
  std::optional<IssuedCommand> sync(const Candidate& chosen);
  std::optional<IssuedCommand> issueRowCommand(const Candidate& chosen);
  void activate(std::size_t bank, std::int64_t clock);
  std::optional<IssuedCommand> column(const Candidate& chosen);
  void takeHit(std::size_t bank, Direction direction);
  void close(std::size_t bank, bool forBurst, std::int64_t clock);
  void closeRank(std::size_t firstBank, std::int64_t clock);
  void refresh(std::size_t firstBank);

  DramTiming timing_;
  bool splitActivate_, oneRank_;
  std::int64_t readDone_, writeDone_;
  std::int64_t drainAbove_, drainBelow_;  ///< bursts
  std::size_t banksPerRank_, banksPerGroup_;
  std::array<std::int64_t, kDramCommands> clocks_{};  ///< of each command on its bus
  TimingState state_;
  std::array<BurstQueue, 2> queues_;  ///< by direction
  BurstFilter writes_;
  std::vector<Bank> banks_;
  std::vector<Rank> ranks_;

  Direction mode_ = Direction::Write;  ///< the direction served
  std::uint64_t nextAge_ = 0;
  std::int64_t now_ = 0, nextRefresh_;
  std::size_t halfActivated_ = kNoBank;  ///< its ActivateEnd is to come
  std::int64_t activateEndBy_ = 0;
  std::optional<Candidate> synced_;  ///< a Sync has been given for it
  Candidate next_;
  bool scanned_ = false;  ///< next_ holds
  std::int64_t scannedAt_ = 0;
  MemoryEvents events_;
};

inline DramController::Outcome DramController::offer(Direction direction,
                                                     const DramLocation& location,
                                                     std::int64_t clock, std::uint32_t tag) {
  if (isWaitingWrite(location)) {
    return direction == Direction::Write ? Outcome::Merged : Outcome::Forwarded;
  }
  if (full(direction)) return Outcome::Refused;
  push(direction, location, clock, tag);
  return Outcome::Queued;
}

inline void DramController::push(Direction direction, const DramLocation& location,
                                 std::int64_t clock, std::uint32_t tag) {
  const std::size_t number = bankOf(location);
  const BurstQueue::Index burst = queue(direction).push(
      {location.row, location.column, nextAge_++, static_cast<std::uint32_t>(number), tag});
  if (direction == Direction::Write) writes_.add(number, location.row, location.column);
  Bank& bank = banks_[number];
  BurstQueue::Index& hit = bank.hit[indexOf(direction)];
  if (hit == BurstQueue::kNone && bank.openRow == location.row) hit = burst;
  now_ = std::max(now_, clock);
  if (now_ - scannedAt_ > kKeysHold) scanned_ = false;
  // One more of the direction served changes nothing.
  if (direction != mode_) setMode();
  if (direction == mode_ && (hit == burst || queue(direction).oldest(number) == burst)) {
    sortBank(number);
    scanned_ = false;
  }
}

inline void DramController::setMode() {
  const std::int64_t writes = queues_[indexOf(Direction::Write)].size();
  const bool reads = queues_[indexOf(Direction::Read)].size() > 0;
  const std::int64_t least = mode_ == Direction::Write ? drainBelow_ : drainAbove_ + 1;
  const Direction mode = writes >= least || !reads ? Direction::Write : Direction::Read;
  if (mode != mode_) switchTo(mode);
}

/// Gives the Read or Write of a bank's hit.
inline std::optional<IssuedCommand> DramController::column(const Candidate& chosen) {
  state_.issue(chosen.command, chosen.bank, chosen.start);
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
  const std::int64_t done = chosen.start + (read ? readDone_ : writeDone_);
  if (timing_.wckSync > 0) {
    rank.dataClockEnd = std::max(rank.dataClockEnd, done + timing_.wckIdle);
    synced_.reset();
  }
  std::optional<IssuedCommand> issued({chosen.command, chosen.bank, chosen.start, done,
                                       queue(direction)[bank.hit[indexOf(direction)]].tag});
  takeHit(chosen.bank, direction);
  setMode();
  return issued;
}

/// Removes the burst that has been served and finds the row's next.
inline void DramController::takeHit(std::size_t number, Direction direction) {
  BurstQueue& queue = this->queue(direction);
  Bank& bank = banks_[number];
  BurstQueue::Index& hit = bank.hit[indexOf(direction)];
  const BurstQueue::Index served = hit;
  const BurstQueue::Entry& entry = queue[served];
  if (direction == Direction::Write) writes_.remove(number, entry.row, entry.column);
  hit = queue.findRow(entry.next, entry.row);
  queue.remove(served);
  // The usual case changes one order.
  if (bank.kinds == kOnlyHit && direction == mode_ && hit != BurstQueue::kNone &&
      hit == queue.oldest(number)) {
    rankOf(number).ready[Hit].put(number, orderOf(queue[hit].age),
                                  state_.ofBank(columnCommand(mode_), number));
  } else {
    sortBank(number);
  }
}

}  // namespace npusim
