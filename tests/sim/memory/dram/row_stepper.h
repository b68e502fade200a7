#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <span>
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
        banks_(static_cast<std::size_t>(memory.ranks * banksOfRank())),
        groupColumns_(static_cast<std::size_t>(memory.ranks * memory.bankGroups),
                      {kLongAgo, kLongAgo}),
        lastPrecharge_(static_cast<std::size_t>(memory.ranks), 0),
        dataEnd_(static_cast<std::size_t>(memory.ranks), kLongAgo),
        activates_(dataEnd_.size()),
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

  std::size_t groupIndex(std::int64_t bank) const {
    return static_cast<std::size_t>(bank / memory_.banksPerGroup);
  }
  std::int64_t banksOfRank() const { return memory_.bankGroups * memory_.banksPerGroup; }
  std::int64_t bankOf(const DramLocation& at) const {
    return (at.rank * memory_.bankGroups + at.bankGroup) * memory_.banksPerGroup + at.bank;
  }

  // The order of bursts.

  /// Bursts to one row; all alike but for their columns, which matter to nobody here.
  struct Visit {
    DramLocation at;
    std::int64_t bursts = 0;
  };

  std::vector<Visit> visitsOf(const Region& region) const {
    std::vector<Visit> visits;
    for (const DramLocation& at : region) {
      const auto visit = std::ranges::find_if(
          visits, [&](const Visit& other) { return bankOf(other.at) == bankOf(at); });
      if (visit == visits.end()) {
        visits.push_back({at, 1});
      } else {
        ++visit->bursts;
      }
    }
    return visits;
  }

  void placeAll(const std::vector<Region>& regions, Direction direction, std::int64_t earliest) {
    direction_ = direction;
    earliest_ = earliest;
    for (const Region& region : regions) {
      std::vector<Visit> visits = visitsOf(region);
      const bool isShort =
          std::ranges::all_of(visits, [](const Visit& visit) { return visit.bursts <= 4; });
      if (!isShort) emptyWindow();
      if (isShort || visits.size() > 1) placeHeld();
      if (isShort) {
        for (const Visit& visit : visits) addShort(visit);
      } else if (visits.size() > 1) {
        inTurns(visits);
      } else {
        placeAlone(visits.front());
      }
    }
    emptyWindow();
    placeHeld();
  }

  void inTurns(std::vector<Visit> visits) {
    while (!visits.empty()) {
      for (Visit& visit : visits) placeNext(visit);
      std::erase_if(visits, [](const Visit& visit) { return visit.bursts == 0; });
    }
  }

  void placeHeld() {
    while (held_.bursts > 0) placeNext(held_);
  }

  /// The tail of a visit takes turns with the head of the next.
  void placeAlone(Visit visit) {
    std::int64_t turns = 0;
    if (visit.at.rank == held_.at.rank && visit.at.bankGroup != held_.at.bankGroup) {
      turns = std::min({held_.bursts, visit.bursts, overlapBursts()});
    }
    while (held_.bursts > turns) placeNext(held_);
    for (std::int64_t i = 0; i < turns; ++i) {
      placeNext(held_);
      placeNext(visit);
    }
    held_ = visit;
    if (overlapBursts() == 0) placeHeld();
  }

  void addShort(const Visit& visit) {
    const auto same = std::ranges::find_if(window_, [&](const Visit& other) {
      return bankOf(other.at) == bankOf(visit.at) && other.at.row == visit.at.row;
    });
    if (same != window_.end()) {
      same->bursts += visit.bursts;
    } else {
      while (window_.size() == 16) placeChosen();
      window_.push_back(visit);
    }
    while (waiting() > memory_.controller.readQueue) placeChosen();
  }

  std::int64_t waiting() const {
    std::int64_t bursts = 0;
    for (const Visit& visit : window_) bursts += visit.bursts;
    return bursts;
  }

  void emptyWindow() {
    while (!window_.empty()) placeChosen();
  }

  /// The oldest of the visits whose next burst could be soonest, if not sooner than the bus.
  void placeChosen() {
    const std::int64_t soon =
        std::max(earliest_, (columns_.empty() ? kLongAgo : lastColumn_) +
                                gap(column(), column(), {RuleScope::SameRank, RuleScope::Channel}));
    const std::int64_t turned = (columns_.empty() ? kLongAgo : lastColumn_) +
                                gap(column(), column(), {RuleScope::OtherRank, RuleScope::Channel});
    const auto chosen = std::ranges::min_element(window_, {}, [&](const Visit& visit) {
      return std::max({soon, estimate(visit), visit.at.rank == lastRank_ ? soon : turned});
    });
    placeNext(*chosen);
    if (chosen->bursts == 0) window_.erase(chosen);
  }

  std::int64_t estimate(const Visit& visit) const {
    const BankState& bank = banks_[static_cast<std::size_t>(bankOf(visit.at))];
    const auto rank = static_cast<std::size_t>(visit.at.rank);
    const std::int64_t opening = gap(DramCommand::Activate, column(), kBank);
    const auto& groupLast = groupColumns_[groupIndex(bankOf(visit.at))];
    if (bank.row == visit.at.row) {
      return std::max(bank.activated + opening,
                      groupLast[static_cast<std::size_t>(direction_)] +
                          gap(column(), column(), {RuleScope::SameBankGroup, RuleScope::Channel}));
    }
    std::int64_t ready =
        bank.activated + gap(DramCommand::Activate, DramCommand::Activate, {RuleScope::SameBank});
    if (bank.row >= 0) {
      const std::int64_t close =
          std::max({bank.activated + gap(DramCommand::Activate, DramCommand::Precharge, kBank),
                    bank.used[0] + gap(DramCommand::Read, DramCommand::Precharge, kBank),
                    bank.used[1] + gap(DramCommand::Write, DramCommand::Precharge, kBank)});
      ready = std::max(ready, close + gap(DramCommand::Precharge, DramCommand::Activate, kBank));
    }
    const std::vector<std::int64_t>& activates = activates_[rank];
    if (!activates.empty()) {
      ready = std::max(ready, activates.back() + gap(DramCommand::Activate, DramCommand::Activate,
                                                     {RuleScope::SameRank, RuleScope::Channel}));
    }
    if (activates.size() >= 4) {
      ready = std::max(
          ready, activates[activates.size() - 4] +
                     gap(DramCommand::Activate, DramCommand::Activate, {RuleScope::SameRank}, 4));
    }
    return ready + opening;
  }

  DramCommand column() const {
    return direction_ == Direction::Read ? DramCommand::Read : DramCommand::Write;
  }

  /// The strictest of the rules between two commands in some scopes.
  std::int64_t gap(DramCommand from, DramCommand to, const std::vector<RuleScope>& scopes,
                   std::int64_t window = 1) const {
    std::int64_t cycles = 0;
    for (const ResolvedRule& rule : rules_) {
      const bool applies = std::ranges::count(scopes, rule.scope) > 0 && rule.window == window;
      if (rule.from == from && rule.to == to && applies) cycles = std::max(cycles, rule.cycles);
    }
    const bool opens =
        from == DramCommand::Activate && (to == DramCommand::Read || to == DramCommand::Write);
    return opens ? std::max(cycles, activateLength()) : cycles;
  }

  /// Clocks of the command bus from an activate's begin to its end, at most.
  std::int64_t activateLength() const {
    const std::int64_t clocks = commandClocks(DramCommand::Activate, timing_);
    if (!hasCommand(DramCommand::ActivateEnd, timing_)) return clocks;
    return kActivateEndWithin + commandClocks(DramCommand::ActivateEnd, timing_);
  }

  /// Bursts at the edge of two visits that take turns.
  std::int64_t overlapBursts() const {
    using enum RuleScope;
    const auto read = DramCommand::Read;
    const std::int64_t inRank = gap(read, read, {SameRank, Channel});
    const std::int64_t own = std::max(inRank, gap(read, read, {SameBankGroup}));
    if (inRank >= own) return 0;
    const std::int64_t opening = gap(DramCommand::Precharge, DramCommand::Activate, kBank) +
                                 gap(DramCommand::Activate, read, kBank);
    return std::max<std::int64_t>(0, memory_.controller.readQueue - ceilDiv(opening, own));
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
    const std::size_t before = columns_.size();
    placeAll(regions, Direction::Read, arrival);
    if (columns_.size() > before) {
      lastRead_ = columns_.back();
      done = {columns_[before] + latency - timing_.burstCycles(), lastRead_ + latency};
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
    placeAll(direct, Direction::Write, arrival);
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
    placeAll(leaving, Direction::Write, earliest);
  }

  // Commands.

  void placeNext(Visit& visit) {
    place(visit.at, direction_, earliest_);
    --visit.bursts;
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

  /// An activate, and its second part in time.
  std::int64_t activate(std::int32_t rank, std::int32_t bank, std::int64_t from) {
    const std::int64_t clocks = commandClocks(DramCommand::Activate, timing_);
    for (;; ++from) {
      from = step({DramCommand::Activate, rank, bank, from});
      if (!hasCommand(DramCommand::ActivateEnd, timing_)) return from;
      const std::int64_t end = step({DramCommand::ActivateEnd, rank, bank, from + clocks});
      if (end <= from + kActivateEndWithin) return from;
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

  struct BankState {
    std::int64_t row = -1;  ///< -1: closed
    std::int64_t activated = kLongAgo;
    std::array<std::int64_t, 2> used = {kLongAgo, kLongAgo};  ///< last column, by direction
  };

  static constexpr std::int64_t kActivateEndWithin = 8;  ///< JESD209-5, tAAD
  inline static const std::vector<RuleScope> kBank = {RuleScope::SameBank, RuleScope::Channel};

  const MemoryConfig memory_;
  const DramTiming timing_;
  const std::vector<ResolvedRule> rules_;
  std::vector<RowCommand> commands_;
  std::vector<BankState> banks_;
  std::vector<std::array<std::int64_t, 2>> groupColumns_;  ///< last, by bank group and direction
  std::vector<std::int64_t> lastPrecharge_, dataEnd_;      ///< by rank
  std::vector<std::vector<std::int64_t>> activates_;       ///< by rank
  std::vector<std::int64_t> columns_, writeColumns_;       ///< of all bursts, of writes
  std::int64_t lastColumn_ = 0, lastRead_ = kLongAgo, written_ = 0;
  std::int64_t lastRank_ = 0;
  std::int64_t afterRefresh_ = kLongAgo, refreshDue_;
  std::deque<Region> queue_;
  Direction direction_ = Direction::Read;  ///< of what is being placed
  std::int64_t earliest_ = 0;              ///< and when it may begin
  std::vector<Visit> window_;
  Visit held_;
  MemoryEvents events_;
};

}  // namespace npusim::testing
