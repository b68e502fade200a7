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

  std::size_t banks() const { return rankOf_.size(); }
  std::size_t rankOf(std::size_t bank) const { return rankOf_[bank]; }

  /// First clock at which no rule forbids the command. For commands to a rank: any of its banks.
  std::int64_t earliest(DramCommand command, std::size_t bank) const {
    return std::max(floor(command), earliestAbove(command, bank));
  }
  /// No bank's earliest() is before.
  std::int64_t floor(DramCommand command) const {
    return channelReady_[static_cast<std::size_t>(command)];
  }
  /// earliest() where it is above the floor.
  std::int64_t earliestAbove(DramCommand command, std::size_t bank) const {
    const auto index = static_cast<std::size_t>(command);
    const std::int64_t ready = bankReady_[index][bank];
    return rankReady_.size() > 1 ? std::max(ready, rankReady_[rankOf_[bank]][index]) : ready;
  }

  /// earliestAbove() by bank, where there is one rank.
  const std::int64_t* byBank(DramCommand command) const {
    return bankReady_[static_cast<std::size_t>(command)].data();
  }

  /// The command begins at `clock`, which is not before earliest(command, bank).
  void issue(DramCommand command, std::size_t bank, std::int64_t clock);

 private:
  using Ready = std::array<std::int64_t, kDramCommands>;
  struct Update {
    std::size_t to = 0;
    std::int64_t cycles = 0;
  };
  static constexpr std::size_t kScopes = 5;
  /// By scope, what a command forbids as the latest of its kind: rows of updates_ from begin[scope]
  /// to begin[scope + 1].
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
  std::span<const Update> updates(const Effects& effects, RuleScope scope) const {
    const auto index = static_cast<std::size_t>(scope);
    return {updates_.data() + effects.begin[index], updates_.data() + effects.begin[index + 1]};
  }
  RuleScope kept(RuleScope scope) const;
  std::size_t unitOf(RuleScope scope, std::size_t bank) const;
  void raise(RuleScope scope, std::size_t bank, std::size_t to, std::int64_t clock);
  void issueWindow(Window& window, std::size_t bank, std::int64_t clock);
  void issueByRank(const Effects& effects, std::size_t bank, std::int64_t clock);

  std::size_t banksPerGroup_, banksPerRank_;
  std::vector<std::size_t> rankOf_, groupBegin_;  ///< by bank: its rank, its group's first bank
  /// What rules of the bank and its group allow, by command and bank; those of the rank, by rank,
  /// where there are several; all others.
  std::array<std::vector<std::int64_t>, kDramCommands> bankReady_;
  std::vector<Ready> rankReady_;
  Ready channelReady_{};
  std::vector<Update> updates_;
  std::array<Effects, kDramCommands> effects_;
  std::array<std::vector<Window>, kDramCommands> windows_;
};

}  // namespace npusim
