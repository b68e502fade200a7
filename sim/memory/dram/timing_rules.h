#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/memory/dram/commands.h"

namespace npusim {

/// Which earlier commands a rule looks at, seen from the later one.
enum class RuleScope : std::uint8_t { SameBank, SameBankGroup, SameRank, OtherRank, Channel };
std::string_view name(RuleScope scope);

/// One addend of a rule's cycles.
struct TimingTerm {
  std::int64_t DramTiming::*member = nullptr;  ///< none: ends the list
  std::int64_t sign = 1;
};

/// A command of `to` comes at least `cycles` after the `window`-th latest command of `from` in the
/// scope, both counted by the last clock in which the command is on the command bus (the
/// standards' reference edge for commands of several clocks).
struct TimingRule {
  std::string_view name;
  DramCommands from, to;
  RuleScope scope = RuleScope::SameBank;
  std::int64_t window = 1;
  std::array<TimingTerm, 4> terms = {};
  std::int64_t bursts = 0;     ///< data bursts added
  bool commandLength = false;  ///< the cycles are those of `to` on the command bus
  bool sharedBusOnly = false;  ///< void where row and column commands have a bus each
};

/// The rules of all standards: JESD79-3F, JESD79-4B, JESD79-5, JESD209-4, JESD209-5, JESD235. A
/// standard without a rule has its terms at 0, which makes the rule void.
std::span<const TimingRule> timingRules();

/// One rule for one pair of commands: `to` may begin no earlier than `cycles` after the
/// `window`-th latest `from` of the scope began.
struct ResolvedRule {
  std::string_view name;
  DramCommand from, to;
  RuleScope scope;
  std::int64_t window, cycles;
};

/// The rules with the cycles of a memory; those that never bind (cycles <= 0) are left out.
std::vector<ResolvedRule> resolveTimingRules(const MemoryConfig& memory);

/// The timing with the defaults of its optional terms filled in (RCDWR, RPab, RTW).
DramTiming effectiveTiming(const DramTiming& timing);

/// From the first clock of a Read or Write to the end of its last data beat.
std::int64_t readDone(const DramTiming& timing);
std::int64_t writeDone(const DramTiming& timing);

}  // namespace npusim
