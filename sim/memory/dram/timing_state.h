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
  /// Clocks by later command: of all, and of those that bank and group have rules for.
  using Clocks = std::array<std::int64_t, kDramCommands>;
  static constexpr std::size_t kBankCommands = indexOf(DramCommand::Precharge) + 1;
  using BankClocks = std::array<std::int64_t, kBankCommands>;
  struct Bank {
    BankClocks ready{};
    std::uint32_t group = 0;  ///< counted over all ranks
    std::uint32_t rank = 0;
  };

 public:
  /// See ofBanks().
  struct OfBanks {
    const Bank* banks;
    const BankClocks* groups;
    std::size_t command;
    std::int64_t operator()(std::size_t bank) const {
      return std::max(banks[bank].ready[command], groups[banks[bank].group][command]);
    }
  };

  /// With the memory's own rules, resolveTimingRules(memory).
  explicit TimingState(const MemoryConfig& memory);
  TimingState(const MemoryConfig& memory, std::span<const ResolvedRule> rules);

  std::size_t banks() const { return banks_.size(); }
  std::size_t rankOf(std::size_t bank) const { return banks_[bank].rank; }

  /// First clock at which no rule forbids the command. For commands to a rank: any of its banks.
  std::int64_t earliest(DramCommand command, std::size_t bank) const {
    return std::max(floor(command, rankOf(bank)), ofBank(command, bank));
  }
  /// As far as the rules of the rank and the channel matter,
  std::int64_t floor(DramCommand command, std::size_t rank) const {
    const std::size_t index = indexOf(command);
    return std::max(channelReady_[index], rankReady_[rank][index]);
  }
  /// and as those of the bank and its group do.
  std::int64_t ofBank(DramCommand command, std::size_t bank) const {
    return indexOf(command) < kBankCommands ? ofBanks(command)(bank) : 0;
  }
  /// The same for many banks and one command to a bank, until the next issue().
  OfBanks ofBanks(DramCommand command) const {
    return {banks_.data(), groupReady_.data(), indexOf(command)};
  }

  /// The command begins at `clock`, which is not before earliest(command, bank).
  void issue(DramCommand command, std::size_t bank, std::int64_t clock);

 private:
  /// For how many cycles a command forbids another as the latest of its kind.
  struct Effect {
    std::size_t to;  ///< indexOf the other
    std::int64_t cycles;
  };
  class EffectList {
   public:
    void addStrictest(const Effect& effect);
    const Effect* begin() const { return effects_.data(); }
    const Effect* end() const { return effects_.data() + size_; }

   private:
    std::array<Effect, kDramCommands> effects_{};
    std::size_t size_ = 0;
  };
  struct Effects {
    EffectList bank, group, ownRank, otherRank, channel;
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
                    const EffectList& effects) {
    for (const Effect& effect : effects) {
      ready[effect.to] = std::max(ready[effect.to], clock + effect.cycles);
    }
  }
  void issueWindow(Window& window, std::size_t bank, std::int64_t clock);
  void issueByRank(const Effects& effects, std::size_t rank, std::int64_t clock);

  /// What the rules of the scopes allow; those of the only rank are the channel's.
  std::vector<Bank> banks_;
  std::vector<BankClocks> groupReady_;
  std::vector<Clocks> rankReady_;
  bool oneRank_;
  Clocks channelReady_{};
  std::array<Effects, kDramCommands> effects_;
  std::array<std::vector<Window>, kDramCommands> windows_;
};

inline void TimingState::issue(DramCommand command, std::size_t bank, std::int64_t clock) {
  const Effects& effects = effects_[indexOf(command)];
  Bank& of = banks_[bank];
  raise(of.ready, clock, effects.bank);
  raise(groupReady_[of.group], clock, effects.group);
  raise(channelReady_, clock, effects.channel);
  if (!oneRank_) issueByRank(effects, of.rank, clock);
  for (Window& window : windows_[indexOf(command)]) issueWindow(window, bank, clock);
}

}  // namespace npusim
