#include "sim/energy/throttle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "sim/core/error.h"
#include "tests/message_of.h"

namespace npusim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A machine of one program: events cost energy, memories take their own time and power.
struct Machine {
  ChipConfig chip;
  double cycles = 500'000, eventsJ = 1e-3;
  double memoryS = 0, memoryW = 0;
  std::vector<double> ran;  ///< clocks

  Machine() {
    chip.clockMhz = 500;
    chip.power.idleW = 0.5;
  }
  double powerAt(double clockMhz) const {
    const double seconds = cycles / (clockMhz * 1e6) + memoryS;
    return chip.power.idleW + memoryW + eventsJ / seconds;
  }
  double clock() {
    return clockUnderLimit(chip, [this](double clockMhz) {
      ran.push_back(clockMhz);
      return powerAt(clockMhz);
    });
  }
};

TEST(ClockUnderLimit, WithoutALimitNothingIsTried) {
  Machine machine;
  EXPECT_EQ(machine.clock(), 500);
  EXPECT_TRUE(machine.ran.empty());
}

TEST(ClockUnderLimit, AChipThatKeepsItRunsAtItsOwn) {
  Machine machine;  // 1.5 W
  machine.chip.power.limitW = 1.6;
  machine.chip.power.throttledClockMhz = 100;
  EXPECT_EQ(machine.clock(), 500);
  EXPECT_THAT(machine.ran, ElementsAre(500));
}

TEST(ClockUnderLimit, TheGivenClockIsTakenUntried) {
  Machine machine;
  machine.chip.power.limitW = 0.6;
  machine.chip.power.throttledClockMhz = 400;
  EXPECT_EQ(machine.clock(), 400);
  EXPECT_THAT(machine.ran, ElementsAre(500));
}

TEST(ClockUnderLimit, TheFirstGuessIsRightWhereAllTimeGoesWithTheClock) {
  Machine machine;
  machine.chip.power.limitW = 0.9;
  EXPECT_DOUBLE_EQ(machine.clock(), 200);
  EXPECT_THAT(machine.ran, ElementsAre(500, testing::DoubleEq(200)));
}

TEST(ClockUnderLimit, MemoriesThatDoNotSlowDownTakeMoreRuns) {
  Machine machine;
  machine.memoryS = 1e-3;
  machine.memoryW = 0.2;  // 1.2 W at 500 MHz
  machine.chip.power.limitW = 0.9;
  const double clock = machine.clock();
  EXPECT_LE(machine.powerAt(clock), 0.9);
  EXPECT_GE(machine.powerAt(clock), 0.99 * 0.9);
  EXPECT_GT(machine.ran.size(), 2u);
}

TEST(ClockUnderLimit, WhatNoClockKeepsIsNotPossible) {
  Machine machine;
  machine.chip.power.limitW = 0.4;
  EXPECT_THAT(messageOf([&] { machine.clock(); }, ExitCode::NotPossible),
              HasSubstr("idle power alone reaches the limit"));
  machine.chip.power.limitW = 0.6;
  machine.memoryW = 0.2;
  EXPECT_THAT(messageOf([&] { machine.clock(); }, ExitCode::NotPossible), HasSubstr(" W at 0."));
}

TEST(ClockUnderLimit, KeepsAnyLimitThatCanBeKeptInFewRuns) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> share(0, 1);
    Machine machine;
    machine.chip.clockMhz = std::pow(10, 1 + 3 * share(random));
    machine.chip.power.idleW = share(random);
    machine.memoryW = share(random);
    machine.memoryS = 1e-3 * share(random);
    machine.eventsJ = 1e-2 * share(random);
    const double least = machine.chip.power.idleW + machine.memoryW;
    const double most = machine.powerAt(machine.chip.clockMhz);
    const double limit = machine.chip.power.limitW =
        std::lerp(least, most, 0.05 + 0.9 * share(random));
    const double clock = machine.clock();
    EXPECT_LE(machine.powerAt(clock), limit);
    EXPECT_LT(clock, machine.chip.clockMhz);
    EXPECT_LE(machine.ran.size(), 18u);
    EXPECT_GE(machine.powerAt(clock) - least, 0.5 * (limit - least)) << "far slower than needed";
  }
}

}  // namespace
}  // namespace npusim
