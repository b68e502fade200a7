#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "sim/memory/dram/controller.h"

namespace npusim::testing {

/// What DramController promises, done the slow and obvious way: it looks at every clock, at every
/// waiting burst and, for every command, at every rule against the commands given so far.
class NaiveController {
 public:
  using Outcome = DramController::Outcome;

  explicit NaiveController(const MemoryConfig& memory)
      : memory_(memory),
        rules_(resolveTimingRules(memory)),
        banks_(static_cast<std::size_t>(memory.ranks * memory.bankGroups * memory.banksPerGroup)),
        ranks_(static_cast<std::size_t>(memory.ranks)) {}

  Outcome offer(Direction direction, const DramLocation& at, std::int64_t clock,
                std::uint32_t tag) {
    const auto bank = static_cast<std::size_t>(
        (at.rank * memory_.bankGroups + at.bankGroup) * memory_.banksPerGroup + at.bank);
    for (const Burst& burst : waiting_) {
      if (burst.direction == Direction::Write && burst.bank == bank && burst.row == at.row &&
          burst.column == at.column) {
        return direction == Direction::Write ? Outcome::Merged : Outcome::Forwarded;
      }
    }
    const auto capacity =
        direction == Direction::Read ? memory_.controller.readQueue : memory_.controller.writeQueue;
    if (count(direction) == capacity) return Outcome::Refused;
    waiting_.push_back({direction, bank, at.row, at.column, age_++, tag, false});
    (void)clock;
    setMode();
    return Outcome::Queued;
  }

  /// After the offers of this clock; clocks come one by one.
  void tick(std::int64_t clock, std::vector<IssuedCommand>& log) {
    if (memory_.timing.REFI > 0 && clock > 0 && clock % memory_.timing.REFI == 0) {
      for (Rank& rank : ranks_) ++rank.owed;
    }
    if (memory_.timing.splitCommandBus) {
      if (const auto chosen = choose(clock, true)) issue(*chosen, clock, log);
      if (const auto chosen = choose(clock, false)) issue(*chosen, clock, log);
    } else if (const auto chosen = choose(clock, std::nullopt)) {
      issue(*chosen, clock, log);
    }
    for (Rank& rank : ranks_) ++(rank.openBanks > 0 ? events.activeCycles : events.idleCycles);
  }

  bool idle() const { return waiting_.empty(); }

  MemoryEvents events;

 private:
  static constexpr std::int64_t kClosed = -1;
  struct Burst {
    Direction direction;
    std::size_t bank;
    std::int64_t row, column;
    std::uint64_t age;
    std::uint32_t tag;
    bool owner;
  };
  struct Bank {
    std::int64_t row = kClosed;
    bool closedForBurst = false;
  };
  struct Rank {
    std::int64_t owed = 0, openBanks = 0, dataClockEnd = 0;
  };
  struct Choice {
    DramCommand command;
    std::size_t bank;
    std::uint64_t age;  ///< of the burst it is for
    int precedence;
  };

  std::size_t banksPerRank() const { return banks_.size() / ranks_.size(); }
  std::size_t rankOf(std::size_t bank) const { return bank / banksPerRank(); }
  std::size_t groupOf(std::size_t bank) const {
    return bank / static_cast<std::size_t>(memory_.banksPerGroup);
  }
  std::int64_t count(Direction direction) const {
    return std::count_if(waiting_.begin(), waiting_.end(),
                         [&](const Burst& burst) { return burst.direction == direction; });
  }

  void setMode() {
    const auto writes = static_cast<double>(count(Direction::Write));
    const auto part = writes / static_cast<double>(memory_.controller.writeQueue);
    const bool reads = count(Direction::Read) > 0;
    if (!reads || part > memory_.controller.drainAbove)
      mode_ = Direction::Write;
    else if (part < memory_.controller.drainBelow)
      mode_ = Direction::Read;
  }

  bool inScope(RuleScope scope, std::size_t earlier, std::size_t later) const {
    switch (scope) {
      case RuleScope::SameBank:
        return earlier == later;
      case RuleScope::SameBankGroup:
        return groupOf(earlier) == groupOf(later);
      case RuleScope::SameRank:
        return rankOf(earlier) == rankOf(later);
      case RuleScope::OtherRank:
        return rankOf(earlier) != rankOf(later);
      case RuleScope::Channel:
        return true;
    }
    return false;
  }

  std::int64_t earliest(DramCommand command, std::size_t bank, std::int64_t clock) const {
    std::int64_t result = clock;
    for (const ResolvedRule& rule : rules_) {
      if (rule.to != command) continue;
      const auto& past = past_[static_cast<std::size_t>(rule.from)];
      std::int64_t left = rule.window;
      for (auto it = past.rbegin(); it != past.rend() && it->second + rule.cycles > clock; ++it) {
        if (!inScope(rule.scope, it->first, bank) || --left > 0) continue;
        result = std::max(result, it->second + rule.cycles);
        break;
      }
    }
    return result;
  }

  std::vector<Choice> candidates(std::int64_t clock) const {
    if (forced_) return {*forced_};
    std::vector<Choice> result;
    for (std::size_t bank = 0; bank < banks_.size(); ++bank) addOfBank(bank, result);
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
      const std::size_t first = rank * banksPerRank();
      const bool owned = std::any_of(waiting_.begin(), waiting_.end(), [&](const Burst& burst) {
        return burst.owner && rankOf(burst.bank) == rank;
      });
      if (ranks_[rank].owed == 0 || owned) continue;
      const bool open = ranks_[rank].openBanks > 0;
      result.push_back({open ? DramCommand::PrechargeAll : DramCommand::Refresh, first, 0, 2});
    }
    if (half_) {
      const bool urgent = earliest(DramCommand::ActivateEnd, *half_, clock) >= halfBy_;
      result.push_back({DramCommand::ActivateEnd, *half_, 0, urgent ? 0 : 4});
    }
    return result;
  }

  void addOfBank(std::size_t bank, std::vector<Choice>& result) const {
    const Burst *owner = nullptr, *oldest = nullptr, *hit = nullptr;
    for (const Burst& burst : waiting_) {  // oldest first
      if (burst.bank != bank) continue;
      if (burst.owner) owner = &burst;
      if (burst.direction != mode_) continue;
      if (oldest == nullptr) oldest = &burst;
      if (hit == nullptr && burst.row == banks_[bank].row) hit = &burst;
    }
    if (owner != nullptr && half_ != bank) result.push_back(column(*owner, 1));
    if (ranks_[rankOf(bank)].owed > 0 || oldest == nullptr) return;
    if (banks_[bank].row == kClosed) {
      if (!half_) result.push_back({DramCommand::Activate, bank, oldest->age, 3});
      return;
    }
    if (hit != nullptr && hit != owner && half_ != bank) result.push_back(column(*hit, 3));
    if (hit != oldest && owner == nullptr) {
      result.push_back({DramCommand::Precharge, bank, oldest->age, 3});
    }
  }

  static Choice column(const Burst& burst, int precedence) {
    return {burst.direction == Direction::Read ? DramCommand::Read : DramCommand::Write, burst.bank,
            burst.age, precedence};
  }
  static bool isColumn(DramCommand command) {
    return command == DramCommand::Read || command == DramCommand::Write ||
           command == DramCommand::Sync;
  }

  /// The one that ends first, if it can begin now.
  std::optional<Choice> choose(std::int64_t clock, std::optional<bool> columns) const {
    std::optional<Choice> best;
    std::tuple<std::int64_t, int, std::uint64_t> bestKey;
    std::int64_t bestStart = 0;
    for (const Choice& choice : candidates(clock)) {
      if (columns && *columns != isColumn(choice.command)) continue;
      const std::int64_t start = earliest(choice.command, choice.bank, clock);
      const std::tuple key(start + commandClocks(choice.command, memory_.timing), choice.precedence,
                           choice.age);
      if (best && key >= bestKey) continue;
      best = choice;
      bestKey = key;
      bestStart = start;
    }
    if (best && bestStart > clock) best.reset();
    return best;
  }

  void issue(Choice choice, std::int64_t clock, std::vector<IssuedCommand>& log) {
    Rank& rank = ranks_[rankOf(choice.bank)];
    const bool column = isColumn(choice.command);
    if (column && !forced_ && memory_.timing.wckSync > 0 && clock >= rank.dataClockEnd) {
      if (!half_ || halfBy_ > clock + memory_.timing.wckSync) {
        forced_ = choice;
        forced_->precedence = 0;
        choice.command = DramCommand::Sync;
      } else {
        choice = {DramCommand::ActivateEnd, *half_, 0, 0};
      }
    }
    past_[static_cast<std::size_t>(choice.command)].emplace_back(choice.bank, clock);
    log.push_back({.command = choice.command, .bank = choice.bank, .clock = clock});
    if (choice.command == DramCommand::Read || choice.command == DramCommand::Write) {
      serve(choice, rank, log.back());
    } else {
      apply(choice, rank, clock);
    }
    setMode();
  }

  void apply(const Choice& choice, Rank& rank, std::int64_t clock) {
    Bank& bank = banks_[choice.bank];
    if (choice.command == DramCommand::Activate) {
      Burst& burst = *std::find_if(waiting_.begin(), waiting_.end(),
                                   [&](const Burst& b) { return b.age == choice.age; });
      burst.owner = true;
      bank.row = burst.row;
      ++rank.openBanks;
      ++events.activates;
      ++(bank.closedForBurst ? events.rowConflicts : events.rowMisses);
      if (hasSplitActivate(memory_.timing)) {
        half_ = choice.bank;
        halfBy_ = clock + kActivateEndWithin;
      }
    } else if (choice.command == DramCommand::ActivateEnd) {
      half_.reset();
    } else if (choice.command == DramCommand::Precharge) {
      bank = {kClosed, true};
      --rank.openBanks;
    } else if (choice.command == DramCommand::PrechargeAll) {
      for (std::size_t i = choice.bank; i < choice.bank + banksPerRank(); ++i) {
        if (banks_[i].row != kClosed) banks_[i] = {kClosed, false};
      }
      rank.openBanks = 0;
    } else if (choice.command == DramCommand::Refresh) {
      --rank.owed;
      ++events.refreshes;
    }
  }

  void serve(const Choice& choice, Rank& rank, IssuedCommand& issued) {
    const auto burst = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](const Burst& b) { return b.age == choice.age; });
    const bool read = burst->direction == Direction::Read;
    const DramTiming& timing = memory_.timing;
    issued.tag = burst->tag;
    issued.done = issued.clock + (read ? timing.CL + timing.dataDelay : timing.CWL) +
                  timing.columnClocks - 1 + timing.burstCycles();
    rank.dataClockEnd = std::max(rank.dataClockEnd, issued.done + timing.wckIdle);
    ++events.bursts;
    ++(read ? events.reads : events.writes);
    if (!burst->owner) ++events.rowHits;
    waiting_.erase(burst);
    forced_.reset();
  }

  MemoryConfig memory_;
  std::vector<ResolvedRule> rules_;
  std::vector<Burst> waiting_;  ///< oldest first
  std::vector<Bank> banks_;
  std::vector<Rank> ranks_;
  std::array<std::vector<std::pair<std::size_t, std::int64_t>>, kDramCommands> past_;
  Direction mode_ = Direction::Write;
  std::uint64_t age_ = 0;
  std::optional<std::size_t> half_;
  std::int64_t halfBy_ = 0;
  std::optional<Choice> forced_;
};

}  // namespace npusim::testing
