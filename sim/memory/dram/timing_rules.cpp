#include "sim/memory/dram/timing_rules.h"

#include "sim/core/error.h"

namespace npusim {
namespace {

using enum DramCommand;
using enum RuleScope;
using T = DramTiming;

constexpr DramCommands kActivate = {Activate}, kRead = {Read}, kWrite = {Write},
                       kPrecharge = {Precharge}, kPrechargeAll = {PrechargeAll},
                       kRefresh = {Refresh}, kClosing = {Precharge, PrechargeAll},
                       kRowBus = {Activate, ActivateEnd, Precharge, PrechargeAll, Refresh},
                       kColumnBus = {Read, Write, Sync};

// Rules towards PrechargeAll and Refresh, which act on a rank, look at the whole rank.
constexpr auto kRules = std::to_array<TimingRule>({
    // A bank's row: opened, used, closed.
    {.name = "RCD", .from = kActivate, .to = kRead, .terms = {{{&T::RCD}}}},
    {.name = "RCDWR", .from = kActivate, .to = kWrite, .terms = {{{&T::RCDWR}}}},
    {.name = "RAS", .from = kActivate, .to = kPrecharge, .terms = {{{&T::RAS}}}},
    {.name = "RC", .from = kActivate, .to = kActivate, .terms = {{{&T::RC}}}},
    {.name = "RP", .from = kPrecharge, .to = kActivate, .terms = {{{&T::RP}}}},
    {.name = "RTP", .from = kRead, .to = kPrecharge, .terms = {{{&T::RTP}}}},
    {.name = "WR", .from = kWrite, .to = kPrecharge, .terms = {{{&T::CWL}, {&T::WR}}}, .bursts = 1},
    {.name = "RAS",
     .from = kActivate,
     .to = kPrechargeAll,
     .scope = SameRank,
     .terms = {{{&T::RAS}}}},
    {.name = "RTP", .from = kRead, .to = kPrechargeAll, .scope = SameRank, .terms = {{{&T::RTP}}}},
    {.name = "WR",
     .from = kWrite,
     .to = kPrechargeAll,
     .scope = SameRank,
     .terms = {{{&T::CWL}, {&T::WR}}},
     .bursts = 1},
    {.name = "RPab",
     .from = kPrechargeAll,
     .to = kActivate,
     .scope = SameRank,
     .terms = {{{&T::RPab}}}},
    {.name = "PPD", .from = kClosing, .to = kClosing, .scope = SameRank, .terms = {{{&T::PPD}}}},
    // Activates of a rank.
    {.name = "RRD_S",
     .from = kActivate,
     .to = kActivate,
     .scope = SameRank,
     .terms = {{{&T::RRD_S}}}},
    {.name = "RRD_L",
     .from = kActivate,
     .to = kActivate,
     .scope = SameBankGroup,
     .terms = {{{&T::RRD_L}}}},
    {.name = "FAW",
     .from = kActivate,
     .to = kActivate,
     .scope = SameRank,
     .window = 4,
     .terms = {{{&T::FAW}}}},
    // Column commands of a rank; `burst` is the data bus.
    {.name = "CCD_S", .from = kRead, .to = kRead, .scope = SameRank, .terms = {{{&T::CCD_S}}}},
    {.name = "CCD_S", .from = kWrite, .to = kWrite, .scope = SameRank, .terms = {{{&T::CCD_S}}}},
    {.name = "CCD_L", .from = kRead, .to = kRead, .scope = SameBankGroup, .terms = {{{&T::CCD_L}}}},
    {.name = "CCD_L",
     .from = kWrite,
     .to = kWrite,
     .scope = SameBankGroup,
     .terms = {{{&T::CCD_L}}}},
    {.name = "burst", .from = kRead, .to = kRead, .scope = SameRank, .bursts = 1},
    {.name = "burst", .from = kWrite, .to = kWrite, .scope = SameRank, .bursts = 1},
    {.name = "RTW", .from = kRead, .to = kWrite, .scope = SameRank, .terms = {{{&T::RTW}}}},
    {.name = "WTR_S",
     .from = kWrite,
     .to = kRead,
     .scope = SameRank,
     .terms = {{{&T::CWL}, {&T::WTR_S}}},
     .bursts = 1},
    {.name = "WTR_L",
     .from = kWrite,
     .to = kRead,
     .scope = SameBankGroup,
     .terms = {{{&T::CWL}, {&T::WTR_L}}},
     .bursts = 1},
    // Data of one rank, then of another.
    {.name = "RTRS",
     .from = kRead,
     .to = kRead,
     .scope = OtherRank,
     .terms = {{{&T::RTRS}}},
     .bursts = 1},
    {.name = "RTRS",
     .from = kWrite,
     .to = kWrite,
     .scope = OtherRank,
     .terms = {{{&T::RTRS}}},
     .bursts = 1},
    {.name = "RTRS",
     .from = kRead,
     .to = kWrite,
     .scope = OtherRank,
     .terms = {{{&T::CL}, {&T::dataDelay}, {&T::RTRS}, {&T::CWL, -1}}},
     .bursts = 1},
    {.name = "RTRS",
     .from = kWrite,
     .to = kRead,
     .scope = OtherRank,
     .terms = {{{&T::CWL}, {&T::RTRS}, {&T::CL, -1}, {&T::dataDelay, -1}}},
     .bursts = 1},
    // Refresh of a rank.
    {.name = "RC", .from = kActivate, .to = kRefresh, .scope = SameRank, .terms = {{{&T::RC}}}},
    {.name = "RP", .from = kPrecharge, .to = kRefresh, .scope = SameRank, .terms = {{{&T::RP}}}},
    {.name = "RPab",
     .from = kPrechargeAll,
     .to = kRefresh,
     .scope = SameRank,
     .terms = {{{&T::RPab}}}},
    {.name = "RFC",
     .from = kRefresh,
     .to = {Activate, Refresh},
     .scope = SameRank,
     .terms = {{{&T::RFC}}}},
    // The command bus. Between last clocks it is the later command's length that counts.
    {.name = "bus", .from = kRowBus, .to = kRowBus, .scope = Channel, .commandLength = true},
    {.name = "bus", .from = kColumnBus, .to = kColumnBus, .scope = Channel, .commandLength = true},
    {.name = "bus",
     .from = kRowBus,
     .to = kColumnBus,
     .scope = Channel,
     .commandLength = true,
     .sharedBusOnly = true},
    {.name = "bus",
     .from = kColumnBus,
     .to = kRowBus,
     .scope = Channel,
     .commandLength = true,
     .sharedBusOnly = true},
});

std::int64_t cyclesOf(const TimingRule& rule, const DramTiming& timing) {
  std::int64_t cycles = rule.bursts * timing.burstCycles();
  for (const TimingTerm& term : rule.terms) {
    if (term.member != nullptr) cycles += term.sign * timing.*term.member;
  }
  return cycles;
}

std::vector<DramCommand> commandsOf(const DramCommands& some, const DramTiming& timing) {
  std::vector<DramCommand> result;
  for (const DramCommand command : kAllDramCommands) {
    if (some.contains(command) && hasCommand(command, timing)) result.push_back(command);
  }
  return result;
}

}  // namespace

std::string_view name(RuleScope scope) {
  switch (scope) {
    case SameBank:
      return "same bank";
    case SameBankGroup:
      return "same bank group";
    case SameRank:
      return "same rank";
    case OtherRank:
      return "other rank";
    case Channel:
      return "channel";
  }
  throw InternalError("no such rule scope");
}

std::span<const TimingRule> timingRules() { return kRules; }

DramTiming effectiveTiming(const DramTiming& timing) {
  DramTiming result = timing;
  if (result.RCDWR == 0) result.RCDWR = result.RCD;
  if (result.RPab == 0) result.RPab = result.RP;
  if (result.RTW == 0) result.RTW = result.CL + result.burstCycles() + 2 - result.CWL;
  return result;
}

std::vector<ResolvedRule> resolveTimingRules(const MemoryConfig& memory) {
  const DramTiming timing = effectiveTiming(memory.timing);
  std::vector<ResolvedRule> result;
  for (const TimingRule& rule : kRules) {
    if (rule.sharedBusOnly && timing.splitCommandBus) continue;
    for (const DramCommand from : commandsOf(rule.from, timing)) {
      for (const DramCommand to : commandsOf(rule.to, timing)) {
        const std::int64_t between =
            rule.commandLength ? commandClocks(to, timing) : cyclesOf(rule, timing);
        const std::int64_t cycles =
            between + commandClocks(from, timing) - commandClocks(to, timing);
        if (between <= 0 || cycles <= 0) continue;
        result.push_back({rule.name, from, to, rule.scope, rule.window, cycles});
      }
    }
  }
  return result;
}

std::int64_t readDone(const DramTiming& timing) {
  return timing.columnClocks - 1 + timing.CL + timing.dataDelay + timing.burstCycles();
}

std::int64_t writeDone(const DramTiming& timing) {
  return timing.columnClocks - 1 + timing.CWL + timing.burstCycles();
}

}  // namespace npusim
