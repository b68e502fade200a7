#include "sim/memory/dram/timing_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/memory/dram/timing_state.h"

namespace npusim {
namespace {

using enum DramCommand;
using enum RuleScope;

class TimingRules : public ::testing::TestWithParam<std::string> {
 protected:
  TimingRules() {
    memory_ = loadMemory(GetParam());
    memory_.ranks = 2;
  }
  std::size_t perGroup() const { return static_cast<std::size_t>(memory_.banksPerGroup); }
  std::size_t perRank() const { return perGroup() * static_cast<std::size_t>(memory_.bankGroups); }

  /// A bank of the scope as seen from `bank`, another one where the scope has one.
  std::size_t inside(RuleScope scope, std::size_t bank) const {
    switch (scope) {
      case SameBank:
        return bank;
      case SameBankGroup:
        return bank + 1;
      case SameRank:
        return bank + perRank() - 1;
      case OtherRank:
      case Channel:
        return bank + perRank();
    }
    throw InternalError("no such scope");
  }
  /// Banks outside of it.
  std::vector<std::size_t> outside(RuleScope scope, std::size_t bank) const {
    switch (scope) {
      case SameBank:
        return {bank + 1, bank + perRank()};
      case SameBankGroup:
        return perRank() > perGroup() ? std::vector{bank + perGroup(), bank + perRank()}
                                      : std::vector{bank + perRank()};
      case SameRank:
        return {bank + perRank()};
      case OtherRank:
        return {bank, bank + 1};
      case Channel:
        return {};
    }
    throw InternalError("no such scope");
  }

  MemoryConfig memory_;
};
INSTANTIATE_TEST_SUITE_P(EveryPreset, TimingRules, ::testing::ValuesIn(presetNames("memories")),
                         [](const auto& preset) { return preset.param; });

/// A command is refused at t - 1 and accepted at t, of every rule on its own.
TEST_P(TimingRules, AreTight) {
  const std::vector<ResolvedRule> rules = resolveTimingRules(memory_);
  ASSERT_GT(rules.size(), 40U);
  for (const ResolvedRule& rule : rules) {
    TimingState state(memory_, {&rule, 1});
    const std::string what = std::string(rule.name) + ", " + std::string(name(rule.from)) + " to " +
                             std::string(name(rule.to)) + ", " + std::string(name(rule.scope));
    // `window` commands, the first of which counts, and before them one that is forgotten.
    const std::int64_t first = 1000;
    state.issue(rule.from, 0, first - 1);
    for (std::int64_t i = 0; i < rule.window; ++i) state.issue(rule.from, 0, first + i);
    const std::int64_t allowed = first + rule.cycles;
    EXPECT_EQ(state.earliest(rule.to, inside(rule.scope, 0)), allowed) << what;
    for (const std::size_t bank : outside(rule.scope, 0)) {
      EXPECT_EQ(state.earliest(rule.to, bank), 0) << what << ", bank " << bank;
    }
    for (const DramCommand other : kAllDramCommands) {
      if (other == rule.to) continue;
      EXPECT_EQ(state.earliest(other, inside(rule.scope, 0)), 0) << what;
    }
  }
}

/// Together they allow what the slowest allows.
TEST_P(TimingRules, TogetherAreTheirMaximum) {
  const std::vector<ResolvedRule> rules = resolveTimingRules(memory_);
  for (const DramCommand from : kAllDramCommands) {
    TimingState state(memory_);
    state.issue(from, 0, 1000);
    for (const DramCommand to : kAllDramCommands) {
      std::int64_t expected = 0;
      for (const ResolvedRule& rule : rules) {
        if (rule.from == from && rule.to == to && rule.window == 1 && rule.scope != OtherRank) {
          expected = std::max(expected, 1000 + rule.cycles);
        }
      }
      EXPECT_EQ(state.earliest(to, 0), expected) << name(from) << " to " << name(to);
    }
  }
}

TEST_P(TimingRules, NameEveryTimingTermThatThePresetGives) {
  const std::vector<ResolvedRule> rules = resolveTimingRules(memory_);
  for (const char* const required :
       {"RCD", "RCDWR", "RAS", "RC", "RP", "RTP", "WR", "RRD_S", "RRD_L", "FAW", "CCD_S", "CCD_L",
        "RTW", "WTR_S", "WTR_L", "RTRS", "RFC", "bus", "burst"}) {
    EXPECT_TRUE(std::ranges::any_of(rules, [&](const ResolvedRule& rule) {
      return rule.name == required;
    })) << required;
  }
}

struct Expected {
  const char* preset;
  const char* rule;
  DramCommand from, to;
  std::int64_t cycles;  ///< from the start of the one to the start of the other, by hand
};

// CWL + burst + WR, CL + burst + 2 - CWL, CWL + burst + WTR and the like; commands of several
// clocks count from last clock to last clock.
constexpr auto kExpected = std::to_array<Expected>({
    {"ddr3_1600", "RCD", Activate, Read, 11},
    {"ddr3_1600", "WR", Write, Precharge, 8 + 4 + 12},
    {"ddr3_1600", "RTW", Read, Write, 11 + 4 + 2 - 8},
    {"ddr3_1600", "WTR_S", Write, Read, 8 + 4 + 6},
    {"ddr3_1600", "FAW", Activate, Activate, 24},
    {"ddr4_2400", "WR", Write, Precharge, 12 + 4 + 18},
    {"ddr4_2400", "RTW", Read, Write, 17 + 4 + 2 - 12},
    {"ddr4_2400", "WTR_L", Write, Read, 12 + 4 + 9},
    {"ddr4_2400", "CCD_L", Read, Read, 6},
    {"ddr4_2400", "RC", Activate, Activate, 56},
    {"ddr4_2400", "RFC", Refresh, Activate, 420},
    {"ddr4_2400", "bus", Precharge, Read, 1},
    // Activate 4, Read and Write 4, Precharge 2 clocks.
    {"lpddr4_3200", "RCD", Activate, Read, 29},
    {"lpddr4_3200", "RP", Precharge, Activate, 29 + 2 - 4},
    {"lpddr4_3200", "RPab", PrechargeAll, Activate, 34 + 2 - 4},
    {"lpddr4_3200", "RAS", Activate, Precharge, 68 + 4 - 2},
    {"lpddr4_3200", "RTP", Read, Precharge, 12 + 4 - 2},
    {"lpddr4_3200", "WR", Write, Precharge, 14 + 8 + 29 + 4 - 2},
    {"lpddr4_3200", "RFC", Refresh, Activate, 448 + 2 - 4},
    {"lpddr4_3200", "bus", Activate, Read, 4},
    {"lpddr4_3200", "bus", Precharge, Activate, 2},
    {"lpddr4_3200", "PPD", Precharge, Precharge, 4},
    // ACT-1 and ACT-2 are commands of one clock.
    {"lpddr5_6400", "RCD", Activate, Read, 15},
    {"lpddr5_6400", "RPab", PrechargeAll, Refresh, 17},
    {"lpddr5_6400", "RTW", Read, Write, 17 + 2 + 2 - 9},
    {"lpddr5_6400", "bus", Sync, Read, 1},
    {"lpddr5_6400", "bus", Activate, ActivateEnd, 1},
    // Activate 2 clocks.
    {"hbm2", "RCD", Activate, Read, 14 + 1},
    {"hbm2", "RCDWR", Activate, Write, 12 + 1},
    {"hbm2", "RP", Precharge, Activate, 14 - 1},
    {"hbm2", "RAS", Activate, Precharge, 34 + 1},
    {"hbm2", "bus", Activate, Precharge, 2},
    {"hbm2", "burst", Read, Read, 2},
    {"ddr3_1866", "WR", Write, Precharge, 9 + 4 + 15},
    {"ddr3_1866", "RTW", Read, Write, 13 + 4 + 2 - 9},
    {"ddr3_2133", "WR", Write, Precharge, 10 + 4 + 16},
    {"ddr3_2133", "WTR_S", Write, Read, 10 + 4 + 8},
    {"ddr4_3200", "WR", Write, Precharge, 16 + 4 + 24},
    {"ddr4_3200", "RTW", Read, Write, 22 + 4 + 2 - 16},
    {"ddr5_6400", "RAS", Activate, Precharge, 103 + 2 - 1},
    {"ddr5_6400", "RP", Precharge, Activate, 46 + 1 - 2},
    {"ddr5_6400", "RCD", Activate, Read, 46},
    {"gddr6_14000", "RCDWR", Activate, Write, 16},
    {"gddr6_14000", "WR", Write, Precharge, 6 + 2 + 27},
    {"hbm2_2400", "RCDWR", Activate, Write, 14 + 1},
    {"hbm2_2400", "WR", Write, Precharge, 6 + 2 + 19},
    {"hbm2_legacy", "RCD", Activate, Read, 14},
    {"hbm2_legacy", "WTR_S", Write, Read, 4 + 2 + 6},
    {"hbm2e", "RTW", Read, Write, 18},
    {"hbm2e", "RCD", Activate, Read, 22 + 1},
    {"hbm3_6400", "RCDWR", Activate, Write, 15},
    {"hbm3_6400", "WR", Write, Precharge, 10 + 2 + 33},
    {"hbm4_8000", "RTW", Read, Write, 25},
    {"hbm4_8000", "RFC", Refresh, Activate, 1060},
    {"lpddr4_2400", "RCD", Activate, Read, 15},
    {"lpddr4_2400", "RP", Precharge, Activate, 15 + 2 - 4},
    {"lpddr4x_4266", "RAS", Activate, Precharge, 90 + 4 - 2},
    {"lpddr4x_4266", "RTW", Read, Write, 32},
    {"lpddr5_6400_16gb", "RFC", Refresh, Activate, 224},
    {"lpddr5_6400_16gb", "WR", Write, Precharge, 9 + 2 + 28},
});

TEST(TimingRulesByHand, AreTheRows) {
  for (const Expected& expected : kExpected) {
    const std::vector<ResolvedRule> rules = resolveTimingRules(loadMemory(expected.preset));
    const auto rule = std::ranges::find_if(rules, [&](const ResolvedRule& r) {
      return r.name == expected.rule && r.from == expected.from && r.to == expected.to;
    });
    ASSERT_NE(rule, rules.end()) << expected.preset << " " << expected.rule;
    EXPECT_EQ(rule->cycles, expected.cycles) << expected.preset << " " << expected.rule;
  }
}

TEST(TimingRulesByHand, ColumnCommandsHaveTheirOwnBusInHbm) {
  const std::vector<ResolvedRule> rules = resolveTimingRules(loadMemory("hbm2"));
  for (const ResolvedRule& rule : rules) {
    if (rule.scope != Channel) continue;
    const auto isColumn = [](DramCommand command) { return command == Read || command == Write; };
    EXPECT_EQ(isColumn(rule.from), isColumn(rule.to)) << name(rule.from) << " " << name(rule.to);
  }
}

TEST(TimingRulesByHand, OnlyLpddr5HasSyncAndTwoPartActivates) {
  for (const std::string& preset : presetNames("memories")) {
    const bool lpddr5 = preset.starts_with("lpddr5");
    const DramTiming timing = loadMemory(preset).timing;
    EXPECT_EQ(hasCommand(Sync, timing), lpddr5) << preset;
    EXPECT_EQ(hasCommand(ActivateEnd, timing), lpddr5) << preset;
  }
}

TEST(TimingRulesByHand, DataDone) {
  EXPECT_EQ(readDone(loadMemory("ddr4_2400").timing), 17 + 4);
  EXPECT_EQ(writeDone(loadMemory("ddr4_2400").timing), 12 + 4);
  EXPECT_EQ(readDone(loadMemory("lpddr4_3200").timing), 3 + 28 + 6 + 8);
}

}  // namespace
}  // namespace npusim
