#include "sim/memory/dram/timing_state.h"

#include "sim/core/error.h"

namespace npusim {
namespace {

using enum RuleScope;

constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 40);

}  // namespace

TimingState::TimingState(const MemoryConfig& memory)
    : TimingState(memory, resolveTimingRules(memory)) {}

TimingState::TimingState(const MemoryConfig& memory, std::span<const ResolvedRule> rules)
    : rankReady_(static_cast<std::size_t>(memory.ranks)), oneRank_(memory.ranks == 1) {
  const auto banksPerGroup = static_cast<std::size_t>(memory.banksPerGroup);
  const auto groups = static_cast<std::size_t>(memory.bankGroups);
  groupReady_.resize(groups * rankReady_.size());
  for (std::size_t bank = 0; bank < banksPerGroup * groupReady_.size(); ++bank) {
    const std::size_t group = bank / banksPerGroup;
    banks_.push_back({.group = static_cast<std::uint32_t>(group),
                      .rank = static_cast<std::uint32_t>(group / groups)});
  }
  for (const ResolvedRule& rule : rules) {
    if (rule.window > 1) {
      addWindow(rule);
    } else {
      addRule(rule);
    }
  }
}

/// The only rank is the channel.
RuleScope TimingState::kept(RuleScope scope) const {
  return scope == SameRank && oneRank_ ? Channel : scope;
}

/// Of the rules between two commands in a scope the longest counts.
void TimingState::EffectList::addStrictest(const Effect& effect) {
  Effect* const end = effects_.data() + size_;
  Effect* const same = std::find_if(effects_.data(), end,
                                    [&](const Effect& present) { return present.to == effect.to; });
  if (same == end) ++size_;
  same->to = effect.to;
  same->cycles = std::max(same->cycles, effect.cycles);
}

void TimingState::addRule(const ResolvedRule& rule) {
  Effects& effects = effects_[indexOf(rule.from)];
  const RuleScope scope = kept(rule.scope);
  const std::size_t to = indexOf(rule.to);
  if (scope == SameBank || scope == SameBankGroup) {
    ensure(to < kBankCommands, "a rule of a bank for a command to a rank");
  }
  EffectList& list = scope == SameBank        ? effects.bank
                     : scope == SameBankGroup ? effects.group
                     : scope == SameRank      ? effects.ownRank
                     : scope == OtherRank     ? effects.otherRank
                                              : effects.channel;
  list.addStrictest({to, rule.cycles});
}

void TimingState::addWindow(const ResolvedRule& rule) {
  ensure(rule.scope != OtherRank, "a window of DRAM commands is within one rank");
  const std::size_t units = banks();
  windows_[indexOf(rule.from)].push_back(
      {rule, kept(rule.scope), std::vector(units * static_cast<std::size_t>(rule.window), kLongAgo),
       std::vector<std::size_t>(units)});
}

/// What the bank's unit of a scope allows.
std::int64_t& TimingState::ready(RuleScope scope, std::size_t bank, DramCommand command) {
  const std::size_t to = indexOf(command);
  if (scope == SameBank) return banks_[bank].ready[to];
  if (scope == SameBankGroup) return groupReady_[banks_[bank].group][to];
  return scope == Channel ? channelReady_[to] : rankReady_[rankOf(bank)][to];
}

void TimingState::issueWindow(Window& window, std::size_t bank, std::int64_t clock) {
  const auto length = static_cast<std::size_t>(window.rule.window);
  const std::size_t unit = window.scope == SameBank        ? bank
                           : window.scope == SameBankGroup ? banks_[bank].group
                           : window.scope == SameRank      ? rankOf(bank)
                                                           : 0;
  std::int64_t* const ring = window.rings.data() + unit * length;
  std::size_t& oldest = window.oldest[unit];
  ring[oldest] = clock;
  if (++oldest == length) oldest = 0;
  std::int64_t& allowed = ready(window.scope, bank, window.rule.to);
  allowed = std::max(allowed, ring[oldest] + window.rule.cycles);
}

void TimingState::issueByRank(const Effects& effects, std::size_t rank, std::int64_t clock) {
  for (std::size_t other = 0; other < rankReady_.size(); ++other) {
    raise(rankReady_[other], clock, other == rank ? effects.ownRank : effects.otherRank);
  }
}

}  // namespace npusim
