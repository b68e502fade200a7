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
    return std::max(floor(command, rankOf_[bank]), ofBank(command, bank));
  }
  /// As far as the rules of the rank and the channel matter,
  std::int64_t floor(DramCommand command, std::size_t rank) const {
    const std::size_t index = indexOf(command);
    return std::max(channelReady_[index], rankReady_[rank][index]);
  }
  /// and as those of the bank and its group do.
  std::int64_t ofBank(DramCommand command, std::size_t bank) const {
    const std::size_t index = indexOf(command);
    if (index >= kBankCommands) return 0;
    return std::max(bankReady_[bank][index], groupReady_[groupOf_[bank]][index]);
  }

  /// The command begins at `clock`, which is not before earliest(command, bank).
  void issue(DramCommand command, std::size_t bank, std::int64_t clock);

 private:
  /// Clocks by later command: of all, and of those that bank and group have rules for.
  using Clocks = std::array<std::int64_t, kDramCommands>;
  static constexpr std::size_t kBankCommands = indexOf(DramCommand::Precharge) + 1;
  using BankClocks = std::array<std::int64_t, kBankCommands>;
  static constexpr std::int64_t kNoRule = -(std::int64_t{1} << 62);
  /// For how many cycles a command forbids others as the latest of its kind, or kNoRule.
  struct Effects {
    BankClocks bank, group;
    Clocks ownRank, otherRank, channel;
  };
  /// A rule over more than the latest command.
  struct Window {
    ResolvedRule rule;
    RuleScope scope;                  ///< where its clocks are kept
    std::vector<std::int64_t> rings;  ///< `rule.window` clocks for each unit of the scope
    std::vector<std::size_t> oldest;  ///< in each ring
  };
  void addRule(const ResolvedRule& rule);
  void addWindow(const ResolvedRule& rule);
  RuleScope kept(RuleScope scope) const;
  std::int64_t& ready(RuleScope scope, std::size_t bank, DramCommand command);
  template <std::size_t Commands>
  static void raise(std::array<std::int64_t, Commands>& ready, std::int64_t clock,
                    const std::array<std::int64_t, Commands>& cycles);
  void issueWindow(Window& window, std::size_t bank, std::int64_t clock);
  void issueByRank(const Effects& effects, std::size_t rank, std::int64_t clock);

  std::vector<std::size_t> rankOf_, groupOf_;  ///< by bank; groups count over all ranks
  /// What the rules of the scopes allow; those of the only rank are the channel's.
  std::vector<BankClocks> bankReady_, groupReady_;
  std::vector<Clocks> rankReady_;
  Clocks channelReady_{};
  std::array<Effects, kDramCommands> effects_;
  std::array<std::vector<Window>, kDramCommands> windows_;
};

/// All later commands at once, without branches: those without a rule stay as they are.
template <std::size_t Commands>
inline void TimingState::raise(std::array<std::int64_t, Commands>& ready, std::int64_t clock,
                               const std::array<std::int64_t, Commands>& cycles) {
  for (std::size_t to = 0; to < Commands; ++to) ready[to] = std::max(ready[to], clock + cycles[to]);
}

inline void TimingState::issue(DramCommand command, std::size_t bank, std::int64_t clock) {
  const Effects& effects = effects_[indexOf(command)];
  raise(bankReady_[bank], clock, effects.bank);
  raise(groupReady_[groupOf_[bank]], clock, effects.group);
  raise(channelReady_, clock, effects.channel);
  if (rankReady_.size() > 1) issueByRank(effects, rankOf_[bank], clock);
  for (Window& window : windows_[indexOf(command)]) issueWindow(window, bank, clock);
}

}  // namespace npusim
