#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "sim/core/rounding.h"
#include "tests/sim/memory/dram/row_command_stepper.h"

namespace npusim::testing {

/// The row-visit model's policy (row_sequencer.h, dram_channel.h) for one channel, burst by burst.
/// It shares only the address map and the rules with the model.
class RowStepper {
 public:
  /// A run of bursts in one region.
  using Region = std::vector<DramLocation>;

  explicit RowStepper(const MemoryConfig& memory) : memory_(memory), channel_(memory) {}

  const std::vector<RowCommand>& commands() const { return channel_.commands(); }
  const MemoryEvents& events() { return channel_.events(); }

  Completion transfer(std::int64_t arrival, Direction direction, std::vector<Region> regions) {
    if (!queue_.empty() && lastRead_ < arrival) drain(0, std::max<std::int64_t>(0, lastRead_));
    return direction == Direction::Read ? read(arrival, std::move(regions))
                                        : write(arrival, regions);
  }

  void idleUntil(std::int64_t cycle) {
    if (!queue_.empty() && lastRead_ < cycle) drain(0, std::max<std::int64_t>(0, lastRead_));
    channel_.refreshBefore(cycle);
  }

  void settle(std::int64_t cycle) { channel_.settle(cycle); }

 private:
  // The order of bursts.

  /// Bursts to one row; all alike but for their columns, which matter to nobody here.
  struct Visit {
    DramLocation at;
    std::int64_t bursts = 0;
  };

  std::vector<Visit> visitsOf(const Region& region) const {
    std::vector<Visit> visits;
    for (const DramLocation& at : region) {
      const auto visit = std::ranges::find_if(visits, [&](const Visit& other) {
        return channel_.bankOf(other.at) == channel_.bankOf(at);
      });
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
      return channel_.bankOf(other.at) == channel_.bankOf(visit.at) && other.at.row == visit.at.row;
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
    const std::int64_t soon = std::max(
        earliest_,
        lastColumn() + channel_.gap(column(), column(), {RuleScope::SameRank, RuleScope::Channel}));
    const std::int64_t turned =
        lastColumn() + channel_.gap(column(), column(), {RuleScope::OtherRank, RuleScope::Channel});
    const auto chosen = std::ranges::min_element(window_, {}, [&](const Visit& visit) {
      return std::max(
          {soon, estimate(visit), visit.at.rank == channel_.lastRank() ? soon : turned});
    });
    placeNext(*chosen);
    if (chosen->bursts == 0) window_.erase(chosen);
  }

  std::int64_t estimate(const Visit& visit) const {
    const CommandStepper::BankState& bank = channel_.bank(visit.at);
    const std::int64_t opening = channel_.gap(DramCommand::Activate, column(), kBank);
    const auto& groupLast = channel_.groupColumns(visit.at);
    if (bank.row == visit.at.row) {
      return std::max(
          bank.activated + opening,
          groupLast[static_cast<std::size_t>(direction_)] +
              channel_.gap(column(), column(), {RuleScope::SameBankGroup, RuleScope::Channel}));
    }
    std::int64_t ready = bank.activated + channel_.gap(DramCommand::Activate, DramCommand::Activate,
                                                       {RuleScope::SameBank});
    if (bank.row >= 0) {
      const std::int64_t close = std::max(
          {bank.activated + channel_.gap(DramCommand::Activate, DramCommand::Precharge, kBank),
           bank.used[0] + channel_.gap(DramCommand::Read, DramCommand::Precharge, kBank),
           bank.used[1] + channel_.gap(DramCommand::Write, DramCommand::Precharge, kBank)});
      ready = std::max(ready,
                       close + channel_.gap(DramCommand::Precharge, DramCommand::Activate, kBank));
    }
    const std::vector<std::int64_t>& activates = channel_.activates(visit.at.rank);
    if (!activates.empty()) {
      ready = std::max(ready,
                       activates.back() + channel_.gap(DramCommand::Activate, DramCommand::Activate,
                                                       {RuleScope::SameRank, RuleScope::Channel}));
    }
    if (activates.size() >= 4) {
      ready = std::max(ready, activates[activates.size() - 4] +
                                  channel_.gap(DramCommand::Activate, DramCommand::Activate,
                                               {RuleScope::SameRank}, 4));
    }
    return ready + opening;
  }

  DramCommand column() const {
    return direction_ == Direction::Read ? DramCommand::Read : DramCommand::Write;
  }

  /// Bursts at the edge of two visits that take turns.
  std::int64_t overlapBursts() const {
    using enum RuleScope;
    const auto read = DramCommand::Read;
    const std::int64_t inRank = channel_.gap(read, read, {SameRank, Channel});
    const std::int64_t own = std::max(inRank, channel_.gap(read, read, {SameBankGroup}));
    if (inRank >= own) return 0;
    const std::int64_t opening =
        channel_.gap(DramCommand::Precharge, DramCommand::Activate, kBank) +
        channel_.gap(DramCommand::Activate, read, kBank);
    return std::max<std::int64_t>(0, memory_.controller.readQueue - ceilDiv(opening, own));
  }

  void placeNext(Visit& visit) {
    channel_.place(visit.at, direction_, earliest_);
    --visit.bursts;
  }

  std::int64_t lastColumn() const {
    return channel_.columns().empty() ? CommandStepper::kLongAgo : channel_.columns().back();
  }

  // Requests.

  Completion read(std::int64_t arrival, std::vector<Region> regions) {
    std::int64_t forwarded = 0;
    for (Region& region : regions) {
      forwarded += static_cast<std::int64_t>(
          std::erase_if(region, [&](const DramLocation& at) { return isQueued(at); }));
    }
    std::erase_if(regions, [](const Region& region) { return region.empty(); });
    channel_.events().bursts += forwarded;
    channel_.events().rowHits += forwarded;
    Completion done = {INT64_MAX, arrival};
    const std::int64_t latency = readDone(channel_.timing());
    const std::size_t before = channel_.columns().size();
    placeAll(regions, Direction::Read, arrival);
    if (channel_.columns().size() > before) {
      lastRead_ = channel_.columns().back();
      done = {channel_.columns()[before] + latency - channel_.timing().burstCycles(),
              lastRead_ + latency};
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
    return std::max(arrival, channel_.writeColumns().at(static_cast<std::size_t>(leaving)));
  }

  std::int64_t queued() const {
    std::int64_t bursts = 0;
    for (const Region& region : queue_) bursts += static_cast<std::int64_t>(region.size());
    return bursts;
  }

  bool isQueued(const DramLocation& at) const {
    return std::ranges::any_of(queue_, [&](const Region& region) {
      return std::ranges::any_of(region, [&](const DramLocation& write) {
        return channel_.bankOf(write) == channel_.bankOf(at) && write.row == at.row &&
               write.column == at.column;
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

  inline static const std::vector<RuleScope> kBank = {RuleScope::SameBank, RuleScope::Channel};

  const MemoryConfig memory_;
  CommandStepper channel_;
  std::int64_t lastRead_ = CommandStepper::kLongAgo, written_ = 0;
  std::deque<Region> queue_;
  Direction direction_ = Direction::Read;  ///< of what is being placed
  std::int64_t earliest_ = 0;              ///< and when it may begin
  std::vector<Visit> window_;
  Visit held_;
};

}  // namespace npusim::testing
