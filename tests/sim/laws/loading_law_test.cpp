#include "sim/laws/loading_law.h"

#include <gtest/gtest.h>

namespace npusim {
namespace {

HostConfig host() {
  HostConfig host;
  host.compileMs = 10;
  host.compileMsPerMib = 2;
  host.cacheMs = 5;
  host.loadSetupMs = 3;
  host.loadMsPerMib = 0.5;
  host.firstCallMs = 8;
  host.warmupCalls = 3;
  return host;
}

TEST(LoadCost, AddsFixedPartsAndPartsByWeight) {
  const LoadCost cost = loadCost(host(), 4 << 20);
  EXPECT_DOUBLE_EQ(cost.compile, 18e-3);
  EXPECT_DOUBLE_EQ(cost.relayout, 2e-3);
  EXPECT_DOUBLE_EQ(cost.cache, 5e-3);
  EXPECT_DOUBLE_EQ(cost.setup, 3e-3);
}

TEST(LoadCost, FirstCallsFadeByHalves) {
  double extra = 0;
  for (double call = 8e-3, i = 0; i < 3; ++i, call /= 2) extra += call;
  EXPECT_DOUBLE_EQ(loadCost(host(), 0).warmUp, extra);
}

TEST(BreakEven, IsTheFirstPredictionAtWhichTheSumsMeet) {
  EXPECT_EQ(breakEven(1, 0.1, 0.3), 5);
  EXPECT_EQ(breakEven(1.01, 0.1, 0.3), 6);
  EXPECT_EQ(breakEven(0, 0.1, 0.3), 1);
  EXPECT_EQ(breakEven(1, 0.3, 0.3), 0);
  EXPECT_EQ(breakEven(1, 0.4, 0.3), 0);
}

}  // namespace
}  // namespace npusim
