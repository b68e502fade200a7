#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/memory/dram/timing_rules.h"

namespace npusim {

/// When each command may next be given to each bank of one channel, kept by the rows of
/// timing_rules.h. It knows times only: whether a bank is open is the controller's matter.
class TimingState {
 public:
  /// With the memory's own rules, resolveTimingRules(memory).
  explicit TimingState(const MemoryConfig& memory);
  TimingState(const MemoryConfig& memory, std::span<const ResolvedRule> rules);

  std::size_t banks() const { return units_.size(); }
  std::size_t rankOf(std::size_t bank) const { return units_[bank].rank; }

  /// First clock at which no rule forbids the command. For commands to a rank: any of its banks.
  std::int64_t earliest(DramCommand command, std::size_t bank) const {
    return std::max(floor(command), earliestAbove(command, bank));
  }
  /// No bank's earliest() is before.
  std::int64_t floor(DramCommand command) const {
    const auto index = static_cast<std::size_t>(command);
    const std::int64_t channel = channelReady_[index];
    return rankReady_.size() > 1 ? channel : std::max(channel, rankReady_[0][index]);
  }
  /// earliest() where it is above the floor.
  std::int64_t earliestAbove(DramCommand command, std::size_t bank) const {
    const auto index = static_cast<std::size_t>(command);
    const Units& units = units_[bank];
    const std::int64_t group = std::max(bankReady_[bank][index], groupReady_[units.group][index]);
    return rankReady_.size() > 1 ? std::max(group, rankReady_[units.rank][index]) : group;
  }

  /// The command begins at `clock`, which is not before earliest(command, bank).
  void issue(DramCommand command, std::size_t bank, std::int64_t clock);

 private:
  struct Units {
    std::size_t group = 0, rank = 0;
  };
  using Ready = std::array<std::int64_t, kDramCommands>;
  struct Update {
    std::size_t to = 0;
    std::int64_t cycles = 0;
  };
  /// Rules over the latest command, by scope: rows of updates_.
  static constexpr std::size_t kScopes = 5;
  struct Effects {
    std::array<std::size_t, kScopes + 1> begin{};
  };
  /// A rule over more than the latest command.
  struct Window {
    ResolvedRule rule;
    std::vector<std::int64_t> rings;  ///< `rule.window` clocks for each unit of the scope
    std::vector<std::size_t> oldest;  ///< in each ring
  };

  void append(std::span<const ResolvedRule> rules, DramCommand from, RuleScope scope);
  void addWindow(const ResolvedRule& rule);
  std::span<const Update> updates(const Effects& effects, RuleScope scope) const;
  static void raise(Ready& ready, std::span<const Update> updates, std::int64_t clock) {
    for (const Update& update : updates) {
      ready[update.to] = std::max(ready[update.to], clock + update.cycles);
    }
  }
  std::size_t unitOf(RuleScope scope, std::size_t bank) const;
  Ready& readyOf(RuleScope scope, std::size_t bank);
  void issueWindow(Window& window, std::size_t bank, std::int64_t clock);

  std::vector<Units> units_;  ///< by bank
  std::vector<Ready> bankReady_, groupReady_, rankReady_;
  Ready channelReady_{};
  std::vector<Update> updates_;
  std::array<Effects, kDramCommands> effects_;
  std::array<std::vector<Window>, kDramCommands> windows_;
};

}  // namespace npusim
