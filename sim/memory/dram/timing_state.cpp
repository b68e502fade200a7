#include "sim/memory/dram/timing_state.h"

#include "sim/core/error.h"

namespace npusim {
namespace {

constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 40);
constexpr std::array<RuleScope, 5> kAllScopes = {RuleScope::SameBank, RuleScope::SameBankGroup,
                                                 RuleScope::SameRank, RuleScope::OtherRank,
                                                 RuleScope::Channel};

}  // namespace

TimingState::TimingState(const MemoryConfig& memory)
    : TimingState(memory, resolveTimingRules(memory)) {}

TimingState::TimingState(const MemoryConfig& memory, std::span<const ResolvedRule> rules) {
  const auto perGroup = static_cast<std::size_t>(memory.banksPerGroup);
  const auto groups = static_cast<std::size_t>(memory.bankGroups);
  const auto ranks = static_cast<std::size_t>(memory.ranks);
  units_.resize(ranks * groups * perGroup);
  for (std::size_t bank = 0; bank < units_.size(); ++bank) {
    units_[bank] = {bank / perGroup, bank / perGroup / groups};
  }
  bankReady_.resize(units_.size());
  groupReady_.resize(ranks * groups);
  rankReady_.resize(ranks);
  for (const DramCommand from : kAllDramCommands) {
    for (const RuleScope scope : kAllScopes) append(rules, from, scope);
    effects_[static_cast<std::size_t>(from)].begin[kScopes] = updates_.size();
  }
  for (const ResolvedRule& rule : rules) {
    if (rule.window > 1) addWindow(rule);
  }
}

/// One update for each later command: the longest of its rules.
void TimingState::append(std::span<const ResolvedRule> rules, DramCommand from, RuleScope scope) {
  const std::size_t begin = updates_.size();
  effects_[static_cast<std::size_t>(from)].begin[static_cast<std::size_t>(scope)] = begin;
  for (const ResolvedRule& rule : rules) {
    if (rule.from != from || rule.scope != scope || rule.window > 1) continue;
    const auto to = static_cast<std::size_t>(rule.to);
    const auto first = updates_.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto known =
        std::find_if(first, updates_.end(), [&](const Update& update) { return update.to == to; });
    if (known == updates_.end()) {
      updates_.push_back({to, rule.cycles});
    } else {
      known->cycles = std::max(known->cycles, rule.cycles);
    }
  }
}

void TimingState::addWindow(const ResolvedRule& rule) {
  ensure(rule.scope != RuleScope::OtherRank, "a window of DRAM commands is within one rank");
  const std::size_t units = unitOf(rule.scope, units_.size() - 1) + 1;
  windows_[static_cast<std::size_t>(rule.from)].push_back(
      {rule, std::vector(units * static_cast<std::size_t>(rule.window), kLongAgo),
       std::vector<std::size_t>(units)});
}

std::span<const TimingState::Update> TimingState::updates(const Effects& effects,
                                                          RuleScope scope) const {
  const auto index = static_cast<std::size_t>(scope);
  return {updates_.data() + effects.begin[index], updates_.data() + effects.begin[index + 1]};
}

std::size_t TimingState::unitOf(RuleScope scope, std::size_t bank) const {
  if (scope == RuleScope::SameBank) return bank;
  if (scope == RuleScope::SameBankGroup) return units_[bank].group;
  if (scope == RuleScope::SameRank) return units_[bank].rank;
  return 0;
}

TimingState::Ready& TimingState::readyOf(RuleScope scope, std::size_t bank) {
  if (scope == RuleScope::SameBank) return bankReady_[bank];
  if (scope == RuleScope::SameBankGroup) return groupReady_[units_[bank].group];
  if (scope == RuleScope::SameRank) return rankReady_[units_[bank].rank];
  return channelReady_;
}

void TimingState::issueWindow(Window& window, std::size_t bank, std::int64_t clock) {
  const ResolvedRule& rule = window.rule;
  const auto length = static_cast<std::size_t>(rule.window);
  const std::size_t unit = unitOf(rule.scope, bank);
  std::int64_t* const ring = window.rings.data() + unit * length;
  std::size_t& oldest = window.oldest[unit];
  ring[oldest] = clock;
  if (++oldest == length) oldest = 0;
  std::int64_t& ready = readyOf(rule.scope, bank)[static_cast<std::size_t>(rule.to)];
  ready = std::max(ready, ring[oldest] + rule.cycles);
}

void TimingState::issue(DramCommand command, std::size_t bank, std::int64_t clock) {
  const Effects& effects = effects_[static_cast<std::size_t>(command)];
  const Units units = units_[bank];
  raise(bankReady_[bank], updates(effects, RuleScope::SameBank), clock);
  raise(groupReady_[units.group], updates(effects, RuleScope::SameBankGroup), clock);
  raise(rankReady_[units.rank], updates(effects, RuleScope::SameRank), clock);
  raise(channelReady_, updates(effects, RuleScope::Channel), clock);
  for (Window& window : windows_[static_cast<std::size_t>(command)]) {
    issueWindow(window, bank, clock);
  }
  if (rankReady_.size() == 1) return;
  for (std::size_t rank = 0; rank < rankReady_.size(); ++rank) {
    if (rank != units.rank) raise(rankReady_[rank], updates(effects, RuleScope::OtherRank), clock);
  }
}

}  // namespace npusim
