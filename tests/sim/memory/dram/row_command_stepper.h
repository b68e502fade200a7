#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/memory/dram/address_map.h"
#include "sim/memory/dram/row_visit.h"
#include "sim/memory/dram/timing_rules.h"
#include "sim/memory/memory_model.h"

namespace npusim::testing {

/// Single commands of one channel: each is tried clock after clock until every row of
/// timing_rules.h admits it among all commands before and after it. Slow and plain on purpose.
class CommandStepper {
 public:
  static constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 40);

  struct BankState {
    std::int64_t row = -1;  ///< -1: closed
    std::int64_t activated = kLongAgo;
    std::array<std::int64_t, 2> used = {kLongAgo, kLongAgo};  ///< last column, by direction
  };

  explicit CommandStepper(const MemoryConfig& memory)
      : memory_(memory),
        timing_(effectiveTiming(memory.timing)),
        rules_(resolveTimingRules(memory)),
        banks_(static_cast<std::size_t>(memory.ranks * banksOfRank())),
        groupColumns_(static_cast<std::size_t>(memory.ranks * memory.bankGroups),
                      {kLongAgo, kLongAgo}),
        lastPrecharge_(static_cast<std::size_t>(memory.ranks), 0),
        dataEnd_(static_cast<std::size_t>(memory.ranks), kLongAgo),
        activates_(dataEnd_.size()),
        refreshDue_(timing_.REFI > 0 && timing_.RFC > 0 ? timing_.REFI : INT64_MAX) {}

  const DramTiming& timing() const { return timing_; }
  const std::vector<RowCommand>& commands() const { return commands_; }
  /// Column commands of all bursts, and of writes.
  const std::vector<std::int64_t>& columns() const { return columns_; }
  const std::vector<std::int64_t>& writeColumns() const { return writeColumns_; }
  std::int64_t lastRank() const { return lastRank_; }
  MemoryEvents& events() { return events_; }

  std::int64_t bankOf(const DramLocation& at) const {
    return (at.rank * memory_.bankGroups + at.bankGroup) * memory_.banksPerGroup + at.bank;
  }
  const BankState& bank(const DramLocation& at) const {
    return banks_[static_cast<std::size_t>(bankOf(at))];
  }
  /// Last column commands of its bank group, by direction.
  const std::array<std::int64_t, 2>& groupColumns(const DramLocation& at) const {
    return groupColumns_[groupIndex(bankOf(at))];
  }
  const std::vector<std::int64_t>& activates(std::int64_t rank) const {
    return activates_[static_cast<std::size_t>(rank)];
  }

  /// The strictest of the rules between two commands in some scopes.
  std::int64_t gap(DramCommand from, DramCommand to, const std::vector<RuleScope>& scopes,
                   std::int64_t window = 1) const {
    std::int64_t cycles = 0;
    for (const ResolvedRule& rule : rules_) {
      const bool applies = std::ranges::count(scopes, rule.scope) > 0 && rule.window == window;
      if (rule.from == from && rule.to == to && applies) cycles = std::max(cycles, rule.cycles);
    }
    return cycles;
  }

  /// Gives a burst its commands.
  void place(const DramLocation& at, Direction direction, std::int64_t earliest) {
    while (earliest >= refreshDue_) refresh();
    std::size_t before = commands_.size();
    std::int64_t column = tryBurst(at, direction, earliest);
    if (column >= refreshDue_) {
      commands_.resize(before);
      refresh();
      before = commands_.size();
      column = tryBurst(at, direction, earliest);
    }
    book(at, direction, column, before);
  }

  void refreshBefore(std::int64_t cycle) {
    while (refreshDue_ < cycle) refresh();
  }

  /// Books the rank-cycles before `cycle`, which comes after every command.
  void settle(std::int64_t cycle) {
    for (std::int32_t rank = 0; rank < static_cast<std::int32_t>(memory_.ranks); ++rank) {
      countActivity(rank, cycle);
    }
  }

 private:
  /// The commands that a rule may look at, by command.
  class Latest {
   public:
    explicit Latest(const std::vector<RowCommand>& commands) {
      const std::size_t size = std::min(commands.size(), kMemory);
      for (auto command = commands.end() - static_cast<std::ptrdiff_t>(size);
           command != commands.end(); ++command) {
        lists_[static_cast<std::size_t>(command->command)].push_back(*command);
      }
    }
    const std::vector<RowCommand>& of(DramCommand command) const {
      return lists_[static_cast<std::size_t>(command)];
    }

   private:
    static constexpr std::size_t kMemory = 150;
    std::array<std::vector<RowCommand>, kDramCommands> lists_;
  };

  std::size_t groupIndex(std::int64_t bank) const {
    return static_cast<std::size_t>(bank / memory_.banksPerGroup);
  }
  std::int64_t banksOfRank() const { return memory_.bankGroups * memory_.banksPerGroup; }

  void refresh() {
    const std::int64_t start = std::max(refreshDue_, lastColumn_);
    const auto ranks = static_cast<std::int32_t>(memory_.ranks);
    std::vector<std::int64_t> closed(static_cast<std::size_t>(ranks), start);
    for (std::int32_t rank = 0; rank < ranks; ++rank) {
      const auto own = std::span(banks_).subspan(static_cast<std::size_t>(rank * banksOfRank()),
                                                 static_cast<std::size_t>(banksOfRank()));
      if (std::ranges::all_of(own, [](const BankState& bank) { return bank.row < 0; })) continue;
      std::int64_t from = start;
      for (const BankState& bank : own) from = std::max({from, bank.used[0], bank.used[1]});
      closed[static_cast<std::size_t>(rank)] = step({DramCommand::PrechargeAll, rank, -1, from});
      for (BankState& bank : own) bank.row = -1;
    }
    for (std::int32_t rank = 0; rank < ranks; ++rank) {
      const std::int64_t from = closed[static_cast<std::size_t>(rank)];
      afterRefresh_ = std::max(afterRefresh_, step({DramCommand::Refresh, rank, -1, from}));
      ++events_.refreshes;
    }
    refreshDue_ += timing_.REFI;
  }

  std::int64_t tryBurst(const DramLocation& at, Direction direction, std::int64_t earliest) {
    const auto bank = static_cast<std::int32_t>(bankOf(at));
    const auto rank = static_cast<std::int32_t>(at.rank);
    const auto r = static_cast<std::size_t>(rank);
    const BankState& state = banks_[static_cast<std::size_t>(bank)];
    const std::int64_t open = state.row;
    const auto view = static_cast<std::int64_t>(columns_.size()) - memory_.controller.readQueue;
    std::int64_t from = std::max({earliest, afterRefresh_, std::int64_t{0}});
    if (view >= 0) from = std::max(from, columns_[static_cast<std::size_t>(view)]);
    if (open != at.row) {
      if (open >= 0) {
        const std::int64_t used = std::max(state.used[0], state.used[1]);  // by older bursts
        from =
            step({DramCommand::Precharge, rank, bank, std::max({from, lastPrecharge_[r], used})});
      }
      from = activate(rank, bank,
                      std::max(from, activates_[r].empty() ? kLongAgo : activates_[r].back()));
    }
    const auto command = direction == Direction::Read ? DramCommand::Read : DramCommand::Write;
    const std::int64_t ready = open == at.row ? earliest : from;
    std::int64_t column = step({command, rank, bank, std::max(ready, lastColumn_)});
    if (timing_.wckSync > 0 && column >= dataEnd_[r] + timing_.wckIdle) {
      commands_.pop_back();
      column = step({DramCommand::Sync, rank, -1, column});
      column = step({command, rank, bank, column});
    }
    return column;
  }

  void book(const DramLocation& at, Direction direction, std::int64_t column, std::size_t before) {
    const auto rank = static_cast<std::size_t>(at.rank);
    bool closed = false, opened = false;
    for (std::size_t i = before; i < commands_.size(); ++i) {
      const RowCommand& command = commands_[i];
      if (command.command == DramCommand::Precharge) {
        closed = true;
        lastPrecharge_[rank] = command.cycle;
      } else if (command.command == DramCommand::Activate) {
        opened = true;
        activates_[rank].push_back(command.cycle);
        banks_[static_cast<std::size_t>(command.bank)].activated = command.cycle;
      }
    }
    events_.activates += opened ? 1 : 0;
    ++(closed ? events_.rowConflicts : opened ? events_.rowMisses : events_.rowHits);
    const auto index = static_cast<std::size_t>(direction);
    BankState& bank = banks_[static_cast<std::size_t>(bankOf(at))];
    bank.row = at.row;
    bank.used[index] = column;
    groupColumns_[groupIndex(bankOf(at))][index] = column;
    const bool reads = direction == Direction::Read;
    dataEnd_[rank] = column + (reads ? readDone(timing_) : writeDone(timing_));
    ++(reads ? events_.reads : events_.writes);
    ++events_.bursts;
    if (!reads) writeColumns_.push_back(column);
    columns_.push_back(column);
    lastColumn_ = column;
    lastRank_ = at.rank;
  }

  /// An activate, and its second part in time; returns the last one's cycle.
  std::int64_t activate(std::int32_t rank, std::int32_t bank, std::int64_t from) {
    const std::int64_t clocks = commandClocks(DramCommand::Activate, timing_);
    for (;; ++from) {
      from = step({DramCommand::Activate, rank, bank, from});
      if (!hasCommand(DramCommand::ActivateEnd, timing_)) return from;
      const std::int64_t end = step({DramCommand::ActivateEnd, rank, bank, from + clocks});
      if (end <= from + kActivateEndWithin) return end;
      commands_.resize(commands_.size() - 2);
    }
  }

  /// Tries a command clock after clock from its cycle on until all rules admit it.
  std::int64_t step(RowCommand command) {
    const Latest latest(commands_);
    while (!isAdmitted(command, latest)) ++command.cycle;
    commands_.push_back(command);
    return command.cycle;
  }

  bool isAdmitted(const RowCommand& command, const Latest& latest) const {
    return std::ranges::all_of(rules_, [&](const ResolvedRule& rule) {
      return (rule.to != command.command || followsPrevious(command, rule, latest)) &&
             (rule.from != command.command || rule.window != 1 ||
              leavesRoom(command, rule, latest));
    });
  }

  /// No more than window - 1 commands of the rule lie less than its cycles before the command.
  bool followsPrevious(const RowCommand& command, const ResolvedRule& rule,
                       const Latest& latest) const {
    std::int64_t tooNear = 0;
    for (const RowCommand& other : latest.of(rule.from)) {
      if (other.cycle <= command.cycle && command.cycle - other.cycle < rule.cycles &&
          inScope(other, command, rule.scope)) {
        ++tooNear;
      }
    }
    return tooNear < rule.window;
  }

  /// Later commands that were placed before keep their distance too.
  bool leavesRoom(const RowCommand& command, const ResolvedRule& rule, const Latest& latest) const {
    return std::ranges::none_of(latest.of(rule.to), [&](const RowCommand& other) {
      return other.cycle >= command.cycle && other.cycle - command.cycle < rule.cycles &&
             inScope(command, other, rule.scope);
    });
  }

  bool inScope(const RowCommand& from, const RowCommand& to, RuleScope scope) const {
    const bool both = from.bank >= 0 && to.bank >= 0;
    switch (scope) {
      case RuleScope::SameBank:
        return both && from.bank == to.bank;
      case RuleScope::SameBankGroup:
        return both && groupIndex(from.bank) == groupIndex(to.bank);
      case RuleScope::SameRank:
        return from.rank == to.rank;
      case RuleScope::OtherRank:
        return from.rank != to.rank;
      case RuleScope::Channel:
        return true;
    }
    return true;
  }

  /// Cycles with and without an open bank, from the commands in order of time.
  void countActivity(std::int32_t rank, std::int64_t cycle) {
    std::vector<RowCommand> own = commands_;
    std::erase_if(own, [&](const RowCommand& command) { return command.rank != rank; });
    std::ranges::sort(own, {}, &RowCommand::cycle);
    std::int64_t open = 0, since = 0;
    const auto pass = [&](std::int64_t until) {
      (open > 0 ? events_.activeCycles : events_.idleCycles) += until - since;
      since = until;
    };
    for (const RowCommand& command : own) {
      pass(command.cycle);
      if (command.command == DramCommand::Activate) ++open;
      if (command.command == DramCommand::Precharge) --open;
      if (command.command == DramCommand::PrechargeAll) open = 0;
    }
    pass(cycle);
  }

  const MemoryConfig memory_;
  const DramTiming timing_;
  const std::vector<ResolvedRule> rules_;
  std::vector<RowCommand> commands_;
  std::vector<BankState> banks_;
  std::vector<std::array<std::int64_t, 2>> groupColumns_;  ///< by bank group
  std::vector<std::int64_t> lastPrecharge_, dataEnd_;      ///< by rank
  std::vector<std::vector<std::int64_t>> activates_;       ///< by rank
  std::vector<std::int64_t> columns_, writeColumns_;
  std::int64_t lastColumn_ = 0, lastRank_ = 0;
  std::int64_t afterRefresh_ = kLongAgo, refreshDue_;
  MemoryEvents events_;
};

}  // namespace npusim::testing
