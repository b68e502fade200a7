#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/core/rounding.h"
#include "sim/memory/dram/address_map.h"
#include "sim/memory/dram/row_visit.h"
#include "sim/memory/dram/timing_rules.h"
#include "sim/memory/memory_model.h"

namespace npusim::testing {

/// The row-visit model's policy (row_sequencer.h, dram_channel.h) burst by burst and command by
/// command for one channel: each command is tried clock after clock until every row of
/// timing_rules.h admits it among all commands before and after it. Slow and plain on purpose; it
/// shares only the address map and the rules with the model.
class RowStepper {
 public:
  /// A run of bursts in one region.
  using Region = std::vector<DramLocation>;

  explicit RowStepper(const MemoryConfig& memory)
      : memory_(memory),
        timing_(effectiveTiming(memory.timing)),
        rules_(resolveTimingRules(memory)),
        openRow_(static_cast<std::size_t>(memory.ranks * banksOfRank()), -1),
        lastUse_(openRow_.size(), kLongAgo),
        lastPrecharge_(static_cast<std::size_t>(memory.ranks), 0),
        lastActivate_(lastPrecharge_),
        dataEnd_(static_cast<std::size_t>(memory.ranks), kLongAgo),
        refreshDue_(timing_.REFI > 0 && timing_.RFC > 0 ? timing_.REFI : INT64_MAX) {}

  const std::vector<RowCommand>& commands() const { return commands_; }
  const MemoryEvents& events() const { return events_; }

  Completion transfer(std::int64_t arrival, Direction direction, std::vector<Region> regions) {
    if (!queue_.empty() && lastRead_ < arrival) drain(0, std::max<std::int64_t>(0, lastRead_));
    return direction == Direction::Read ? read(arrival, std::move(regions))
                                        : write(arrival, regions);
  }

  void idleUntil(std::int64_t cycle) {
    if (!queue_.empty() && lastRead_ < cycle) drain(0, std::max<std::int64_t>(0, lastRead_));
    while (refreshDue_ < cycle) refresh();
  }

  /// Books the rank-cycles before `cycle`, which comes after every command.
  void settle(std::int64_t cycle) {
    for (std::int32_t rank = 0; rank < static_cast<std::int32_t>(memory_.ranks); ++rank) {
      countActivity(rank, cycle);
    }
  }

  std::int64_t groupOf(std::int64_t bank) const { return bank / memory_.banksPerGroup; }

 private:
  static constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 40);

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

  std::int64_t banksOfRank() const { return memory_.bankGroups * memory_.banksPerGroup; }
  std::int64_t bankOf(const DramLocation& at) const {
    return (at.rank * memory_.bankGroups + at.bankGroup) * memory_.banksPerGroup + at.bank;
  }

  // The order of bursts.

  /// Banks of a region take turns, in the order in which they are first touched.
  std::vector<DramLocation> inTurns(const Region& region) const {
    std::vector<std::int64_t> banks;
    std::map<std::int64_t, std::deque<DramLocation>> byBank;
    for (const DramLocation& at : region) {
      if (byBank[bankOf(at)].empty()) banks.push_back(bankOf(at));
      byBank[bankOf(at)].push_back(at);
    }
    std::vector<DramLocation> order;
    while (order.size() < region.size()) {
      for (const std::int64_t bank : banks) {
        if (byBank[bank].empty()) continue;
        order.push_back(byBank[bank].front());
        byBank[bank].pop_front();
      }
    }
    return order;
  }

  bool isAlone(const Region& region) const {
    return std::ranges::all_of(
        region, [&](const DramLocation& at) { return bankOf(at) == bankOf(region.front()); });
  }

  std::int64_t columnGap(RuleScope scope) const {
    std::int64_t cycles = 0;
    for (const ResolvedRule& rule : rules_) {
      const bool applies = rule.scope == scope || rule.scope == RuleScope::SameRank ||
                           rule.scope == RuleScope::Channel;
      if (rule.from == DramCommand::Read && rule.to == DramCommand::Read && applies) {
        cycles = std::max(cycles, rule.cycles);
      }
    }
    return cycles;
  }

  /// Bursts at the edge of two visits that take turns.
  std::int64_t overlapBursts() const {
    const std::int64_t own = columnGap(RuleScope::SameBankGroup);
    if (columnGap(RuleScope::SameRank) >= own) return 0;
    const std::int64_t opening = ruleCycles(DramCommand::Precharge, DramCommand::Activate) +
                                 ruleCycles(DramCommand::Activate, DramCommand::Read);
    return std::max<std::int64_t>(0, memory_.controller.readQueue - ceilDiv(opening, own));
  }

  std::int64_t ruleCycles(DramCommand from, DramCommand to) const {
    std::int64_t cycles = 0;
    for (const ResolvedRule& rule : rules_) {
      const bool applies = rule.scope == RuleScope::SameBank || rule.scope == RuleScope::Channel;
      if (rule.from == from && rule.to == to && applies) cycles = std::max(cycles, rule.cycles);
    }
    return cycles;
  }

  std::vector<DramLocation> order(const std::vector<Region>& regions) const {
    std::vector<DramLocation> result;
    std::int64_t alone = 0;  // bursts of a lonely visit at the end that have no partner yet
    for (const Region& region : regions) {
      const auto bursts = static_cast<std::int64_t>(region.size());
      std::int64_t turns = 0;
      if (isAlone(region) && alone > 1 && bursts > 1 && result.back().rank == region[0].rank &&
          result.back().bankGroup != region[0].bankGroup) {
        turns = std::min({alone, bursts, overlapBursts()});
      }
      for (std::int64_t i = 0; i < turns; ++i) {
        result.insert(result.end() - turns + i + 1, region[static_cast<std::size_t>(i)]);
      }
      const std::vector<DramLocation> rest = inTurns(region);
      result.insert(result.end(), rest.begin() + turns, rest.end());
      alone = isAlone(region) ? bursts - turns : 0;
    }
    return result;
  }

  // Requests.

  Completion read(std::int64_t arrival, std::vector<Region> regions) {
    std::int64_t forwarded = 0;
    for (Region& region : regions) {
      forwarded += static_cast<std::int64_t>(
          std::erase_if(region, [&](const DramLocation& at) { return isQueued(at); }));
    }
    std::erase_if(regions, [](const Region& region) { return region.empty(); });
    events_.bursts += forwarded;
    events_.rowHits += forwarded;
    Completion done = {INT64_MAX, arrival};
    const std::int64_t latency = readDone(timing_);
    for (const DramLocation& at : order(regions)) {
      lastRead_ = place(at, Direction::Read, arrival);
      done.firstData = std::min(done.firstData, lastRead_ + latency - timing_.burstCycles());
      done.end = lastRead_ + latency;
    }
    if (forwarded > 0) done = {std::min(done.firstData, arrival), std::max(done.end, arrival + 1)};
    return done;
  }

  Completion write(std::int64_t arrival, const std::vector<Region>& regions) {
    const auto first = written_;
    std::vector<Region> direct;
    for (const Region& region : regions) {
      written_ += static_cast<std::int64_t>(region.size());
      if (lastRead_ < arrival) {
        direct.push_back(region);
        continue;
      }
      queue_.push_back(region);
      const std::int64_t size = memory_.controller.writeQueue;
      if (isAbove(queued(), memory_.controller.drainAbove) || queued() >= size) {
        drain(lowLevel(), arrival);
      }
    }
    for (const DramLocation& at : order(direct)) place(at, Direction::Write, arrival);
    return {acceptance(first, arrival), acceptance(written_ - 1, arrival) + 1};
  }

  bool isAbove(std::int64_t bursts, double share) const {
    return static_cast<double>(bursts) > share * static_cast<double>(memory_.controller.writeQueue);
  }
  /// The most bursts that lie below the low watermark and below the one that starts a drain.
  std::int64_t lowLevel() const {
    const auto size = static_cast<double>(memory_.controller.writeQueue);
    std::int64_t level = 0;
    while (static_cast<double>(level + 1) < size * memory_.controller.drainBelow &&
           !isAbove(level + 1, memory_.controller.drainAbove)) {
      ++level;
    }
    return level;
  }

  std::int64_t acceptance(std::int64_t write, std::int64_t arrival) const {
    const std::int64_t leaving = write - memory_.controller.writeQueue;
    if (leaving < 0) return arrival;
    return std::max(arrival, writeColumns_.at(static_cast<std::size_t>(leaving)));
  }

  std::int64_t queued() const {
    std::int64_t bursts = 0;
    for (const Region& region : queue_) bursts += static_cast<std::int64_t>(region.size());
    return bursts;
  }

  bool isQueued(const DramLocation& at) const {
    return std::ranges::any_of(queue_, [&](const Region& region) {
      return std::ranges::any_of(region, [&](const DramLocation& write) {
        return bankOf(write) == bankOf(at) && write.row == at.row && write.column == at.column;
      });
    });
  }

  void drain(std::int64_t level, std::int64_t earliest) {
    std::vector<Region> leaving;
    while (queued() > level) {
      leaving.push_back(queue_.front());
      queue_.pop_front();
    }
    for (const DramLocation& at : order(leaving)) place(at, Direction::Write, earliest);
  }

  // Commands.

  /// Gives a burst its commands; returns the column command's cycle.
  std::int64_t place(const DramLocation& at, Direction direction, std::int64_t earliest) {
    while (earliest >= refreshDue_) refresh();
    std::size_t before = commands_.size();
    std::int64_t column = tryBurst(at, direction, earliest);
    if (column >= refreshDue_) {
      commands_.resize(before);
      refresh();
      before = commands_.size();
      column = tryBurst(at, direction, earliest);
    }
    return book(at, direction, column, before);
  }

  std::int64_t tryBurst(const DramLocation& at, Direction direction, std::int64_t earliest) {
    const auto bank = static_cast<std::int32_t>(bankOf(at));
    const auto rank = static_cast<std::int32_t>(at.rank);
    const auto r = static_cast<std::size_t>(rank);
    const std::int64_t open = openRow_[static_cast<std::size_t>(bank)];
    const auto view = static_cast<std::int64_t>(columns_.size()) - memory_.controller.readQueue;
    std::int64_t from = std::max({earliest, afterRefresh_, std::int64_t{0}});
    if (view >= 0) from = std::max(from, columns_[static_cast<std::size_t>(view)]);
    if (open != at.row) {
      if (open >= 0) {
        const std::int64_t used = lastUse_[static_cast<std::size_t>(bank)];  // by older bursts
        from =
            step({DramCommand::Precharge, rank, bank, std::max({from, lastPrecharge_[r], used})});
      }
      from = activate(rank, bank, std::max(from, lastActivate_[r]));
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

  std::int64_t book(const DramLocation& at, Direction direction, std::int64_t column,
                    std::size_t before) {
    const auto rank = static_cast<std::size_t>(at.rank);
    bool closed = false, opened = false;
    for (std::size_t i = before; i < commands_.size(); ++i) {
      const RowCommand& command = commands_[i];
      if (command.command == DramCommand::Precharge) {
        closed = true;
        lastPrecharge_[rank] = command.cycle;
      } else if (command.command == DramCommand::Activate) {
        opened = true;
        lastActivate_[rank] = command.cycle;
      }
    }
    events_.activates += opened ? 1 : 0;
    ++(closed ? events_.rowConflicts : opened ? events_.rowMisses : events_.rowHits);
    openRow_[static_cast<std::size_t>(bankOf(at))] = at.row;
    lastUse_[static_cast<std::size_t>(bankOf(at))] = column;
    const bool reads = direction == Direction::Read;
    dataEnd_[rank] = column + (reads ? readDone(timing_) : writeDone(timing_));
    ++(reads ? events_.reads : events_.writes);
    ++events_.bursts;
    if (!reads) writeColumns_.push_back(column);
    columns_.push_back(column);
    return lastColumn_ = column;
  }

  void refresh() {
    const std::int64_t start = std::max(refreshDue_, lastColumn_);
    const auto ranks = static_cast<std::int32_t>(memory_.ranks);
    std::vector<std::int64_t> closed(static_cast<std::size_t>(ranks), start);
    for (std::int32_t rank = 0; rank < ranks; ++rank) {
      const auto first = openRow_.begin() + rank * banksOfRank();
      if (std::all_of(first, first + banksOfRank(), [](std::int64_t row) { return row < 0; })) {
        continue;
      }
      const auto used = lastUse_.begin() + (first - openRow_.begin());
      const std::int64_t from = *std::max_element(used, used + banksOfRank());
      closed[static_cast<std::size_t>(rank)] =
          step({DramCommand::PrechargeAll, rank, -1, std::max(from, start)});
      std::fill(first, first + banksOfRank(), -1);
    }
    for (std::int32_t rank = 0; rank < ranks; ++rank) {
      const std::int64_t from = closed[static_cast<std::size_t>(rank)];
      afterRefresh_ = std::max(afterRefresh_, step({DramCommand::Refresh, rank, -1, from}));
      ++events_.refreshes;
    }
    refreshDue_ += timing_.REFI;
  }

  /// An activate of two parts is given in one go.
  std::int64_t activate(std::int32_t rank, std::int32_t bank, std::int64_t from) {
    if (!hasCommand(DramCommand::ActivateEnd, timing_)) {
      return step({DramCommand::Activate, rank, bank, from});
    }
    const std::int64_t clocks = commandClocks(DramCommand::Activate, timing_);
    for (;; ++from) {
      const std::int64_t first = step({DramCommand::Activate, rank, bank, from});
      const RowCommand second = {DramCommand::ActivateEnd, rank, bank, first + clocks};
      if (isAdmitted(second, Latest(commands_))) {
        commands_.push_back(second);
        return first;
      }
      commands_.pop_back();
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
        return both && groupOf(from.bank) == groupOf(to.bank);
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
  std::vector<std::int64_t> openRow_, lastUse_;                       ///< by bank; row -1: closed
  std::vector<std::int64_t> lastPrecharge_, lastActivate_, dataEnd_;  ///< by rank
  std::vector<std::int64_t> columns_, writeColumns_;                  ///< of all bursts, of writes
  std::int64_t lastColumn_ = 0, lastRead_ = kLongAgo, written_ = 0;
  std::int64_t afterRefresh_ = kLongAgo, refreshDue_;
  std::deque<Region> queue_;
  MemoryEvents events_;
};

}  // namespace npusim::testing
