#include "sim/memory/dram/timing_state.h"

#include "sim/core/error.h"

namespace npusim {
namespace {

using enum RuleScope;

constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 40);
constexpr std::array<RuleScope, 5> kAllScopes = {SameBank, SameBankGroup, SameRank, OtherRank,
                                                 Channel};

}  // namespace

TimingState::TimingState(const MemoryConfig& memory)
    : TimingState(memory, resolveTimingRules(memory)) {}

TimingState::TimingState(const MemoryConfig& memory, std::span<const ResolvedRule> rules)
    : banksPerGroup_(static_cast<std::size_t>(memory.banksPerGroup)),
      banksPerRank_(banksPerGroup_ * static_cast<std::size_t>(memory.bankGroups)),
      rankOf_(banksPerRank_ * static_cast<std::size_t>(memory.ranks)),
      groupBegin_(banks()),
      rankReady_(static_cast<std::size_t>(memory.ranks)) {
  for (std::size_t bank = 0; bank < banks(); ++bank) {
    rankOf_[bank] = bank / banksPerRank_;
    groupBegin_[bank] = bank / banksPerGroup_ * banksPerGroup_;
  }
  bankReady_.fill(std::vector<std::int64_t>(banks()));
  for (const DramCommand from : kAllDramCommands) {
    for (const RuleScope scope : kAllScopes) append(rules, from, scope);
    effects_[static_cast<std::size_t>(from)].begin[kScopes] = updates_.size();
  }
  for (const ResolvedRule& rule : rules) {
    if (rule.window > 1) addWindow(rule);
  }
}

/// The only rank is the channel.
RuleScope TimingState::kept(RuleScope scope) const {
  return scope == SameRank && rankReady_.size() == 1 ? Channel : scope;
}

/// One update for each later command: the longest of its rules.
void TimingState::append(std::span<const ResolvedRule> rules, DramCommand from, RuleScope scope) {
  const std::size_t begin = updates_.size();
  effects_[static_cast<std::size_t>(from)].begin[static_cast<std::size_t>(scope)] = begin;
  for (const ResolvedRule& rule : rules) {
    if (rule.from != from || kept(rule.scope) != scope || rule.window > 1) continue;
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
  ensure(rule.scope != OtherRank, "a window of DRAM commands is within one rank");
  const std::size_t units = banks();
  windows_[static_cast<std::size_t>(rule.from)].push_back(
      {rule, std::vector(units * static_cast<std::size_t>(rule.window), kLongAgo),
       std::vector<std::size_t>(units)});
}

/// The first bank of the scope.
std::size_t TimingState::unitOf(RuleScope scope, std::size_t bank) const {
  if (scope == SameBank) return bank;
  if (scope == SameBankGroup) return groupBegin_[bank];
  if (scope == SameRank) return rankOf_[bank] * banksPerRank_;
  return 0;
}

void TimingState::raise(RuleScope scope, std::size_t bank, std::size_t to, std::int64_t clock) {
  if (scope == Channel || scope == SameRank) {
    Ready& ready = scope == Channel ? channelReady_ : rankReady_[rankOf_[bank]];
    ready[to] = std::max(ready[to], clock);
    return;
  }
  std::int64_t* const ready = bankReady_[to].data() + unitOf(scope, bank);
  const std::size_t count = scope == SameBank ? 1 : banksPerGroup_;
  for (std::size_t i = 0; i < count; ++i) ready[i] = std::max(ready[i], clock);
}

void TimingState::issueWindow(Window& window, std::size_t bank, std::int64_t clock) {
  const ResolvedRule& rule = window.rule;
  const auto length = static_cast<std::size_t>(rule.window);
  const std::size_t unit = unitOf(rule.scope, bank);
  std::int64_t* const ring = window.rings.data() + unit * length;
  std::size_t& oldest = window.oldest[unit];
  ring[oldest] = clock;
  if (++oldest == length) oldest = 0;
  raise(kept(rule.scope), bank, static_cast<std::size_t>(rule.to), ring[oldest] + rule.cycles);
}

void TimingState::issueByRank(const Effects& effects, std::size_t bank, std::int64_t clock) {
  for (const Update& update : updates(effects, SameRank)) {
    raise(SameRank, bank, update.to, clock + update.cycles);
  }
  for (std::size_t rank = 0; rank < rankReady_.size(); ++rank) {
    if (rank == rankOf_[bank]) continue;
    for (const Update& update : updates(effects, OtherRank)) {
      raise(SameRank, rank * banksPerRank_, update.to, clock + update.cycles);
    }
  }
}

void TimingState::issue(DramCommand command, std::size_t bank, std::int64_t clock) {
  const Effects& effects = effects_[static_cast<std::size_t>(command)];
  for (const Update& update : updates(effects, SameBank)) {
    std::int64_t& ready = bankReady_[update.to][bank];
    ready = std::max(ready, clock + update.cycles);
  }
  for (const Update& update : updates(effects, SameBankGroup)) {
    raise(SameBankGroup, bank, update.to, clock + update.cycles);
  }
  for (const Update& update : updates(effects, Channel)) {
    std::int64_t& ready = channelReady_[update.to];
    ready = std::max(ready, clock + update.cycles);
  }
  if (rankReady_.size() > 1) issueByRank(effects, bank, clock);
  for (Window& window : windows_[static_cast<std::size_t>(command)]) {
    issueWindow(window, bank, clock);
  }
}

}  // namespace npusim
