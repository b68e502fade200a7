#include "sim/memory/clock.h"

#include <gtest/gtest.h>

namespace npusim {
namespace {

TEST(ClockDomain, CrossingsRoundUpToTheReceiversNextEdge) {
  const ClockDomain core(1000), memory(1600);
  EXPECT_EQ(memory.crossFrom(core, 5), 8);
  EXPECT_EQ(memory.crossFrom(core, 1), 2);  // 1 ns lies within memory cycle 1.6
  EXPECT_EQ(core.crossFrom(memory, 8), 5);
  EXPECT_EQ(core.crossFrom(memory, 9), 6);
  EXPECT_EQ(core.crossFrom(core, 123), 123);
}

TEST(ClockDomain, TimesComeFromTheCycleNumberAndNeverDrift) {
  const ClockDomain clock(1400);
  EXPECT_EQ(clock.femtoseconds(1'400'000'000), 1'000'000'000'000'000U);
  EXPECT_DOUBLE_EQ(clock.seconds(1'400'000'000), 1.0);
  for (const std::int64_t cycle : {0L, 1L, 2L, 3L, 1'399'999'999L, 987'654'321'012L}) {
    EXPECT_EQ(clock.cycleAt(clock.femtoseconds(cycle)), cycle);
  }
}

TEST(ClockDomain, FarTimesAreAsExactAsNearOnes) {
  const ClockDomain core(1000), memory(1600), odd(933.333333);
  constexpr std::int64_t kFar = 3'000'000'000'000;  // times 1.6e9 it has no room in 64 bits
  EXPECT_EQ(memory.crossFrom(core, 5 * kFar), 8 * kFar);
  EXPECT_EQ(memory.crossFrom(core, 5 * kFar + 1), 8 * kFar + 2);
  for (const std::int64_t cycle : {1L, 9'222L, 9'224L, 15'000'000'003L}) {
    EXPECT_EQ(odd.cycleAt(odd.femtoseconds(cycle)), cycle);
    EXPECT_EQ(odd.cycleAt(odd.femtoseconds(cycle) - 1), cycle - 1);
  }
  constexpr std::int64_t kPast = 10'000'000'000'000;  // 1e19 fs are above 2^63
  EXPECT_EQ(core.femtoseconds(kPast), 10'000'000'000'000'000'000U);
  for (const ClockDomain& clock : {core, memory, odd}) {
    EXPECT_EQ(clock.cycleAt(clock.femtoseconds(kPast)), kPast) << clock.hertz();
    EXPECT_EQ(clock.cycleAt(clock.femtoseconds(kPast) - 1), kPast - 1) << clock.hertz();
  }
}

TEST(ClockDomain, MustRun) { EXPECT_THROW(ClockDomain(0), InternalError); }

}  // namespace
}  // namespace npusim
