#include "sim/memory/dram/trace_run.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "tests/sim/memory/dram/naive_trace_run.h"
#include "tests/sim/memory/dram/random_trace.h"

namespace npusim {
namespace {

using npusim::testing::NaiveTraceRun;
using npusim::testing::randomTrace;

TraceResult runTrace(const MemoryConfig& memory, const std::vector<TraceRequest>& trace) {
  TraceRun run(memory);
  for (const TraceRequest& request : trace) run.offer(request);
  return run.finish();
}

std::string text(const MemoryEvents& e) {
  std::string result;
  for (const std::int64_t count : {e.bursts, e.rowHits, e.rowMisses, e.rowConflicts, e.activates,
                                   e.refreshes, e.reads, e.writes, e.activeCycles, e.idleCycles}) {
    result += std::to_string(count) + " ";
  }
  return result;
}

void expectEqualToNaive(MemoryConfig memory, std::uint64_t seed, bool closedLoop) {
  std::mt19937_64 random(seed);
  if (random() % 4 == 0) memory.timing.REFI = 0;
  if (memory.timing.REFI > 0) {
    memory.timing.REFI = memory.timing.RFC + 200 + static_cast<std::int64_t>(random() % 900);
  }
  memory.channels = random() % 3 == 0 ? 2 : 1;
  memory.ranks = random() % 3 == 0 ? 2 : 1;
  memory.capacityBytes *= memory.channels * memory.ranks;
  memory.controller.readQueue = random() % 2 == 0 ? 32 : 1 + static_cast<int>(random() % 12);
  memory.controller.writeQueue = random() % 2 == 0 ? 32 : 1 + static_cast<int>(random() % 12);
  memory.mapping = random() % 2 == 0 ? "ro-ra-ba-bg-co-ch" : "ro-ba-co-ra-bg-ch";
  const auto region = std::int64_t{1} << (12 + random() % 12);
  const std::int64_t longGap = memory.timing.REFI > 0 ? 12 * memory.timing.REFI : 2000;
  std::vector<TraceRequest> trace = randomTrace(random, 250, region, longGap, closedLoop);
  if (!closedLoop) trace[0].arrival = 0;

  const NaiveTraceRun::Result expected = NaiveTraceRun(memory).run(trace);
  const TraceResult result = runTrace(memory, trace);
  const std::string what = memory.name + " seed " + std::to_string(seed);
  EXPECT_EQ(result.cycles, expected.cycles) << what;
  EXPECT_NEAR(result.readLatency * static_cast<double>(result.reads),
              static_cast<double>(expected.latencySum), 0.5)
      << what;
  EXPECT_EQ(text(result.events), text(expected.events)) << what;
}

class EveryMemory : public ::testing::TestWithParam<std::string> {
 protected:
  MemoryConfig memory() const {
    MemoryConfig memory = loadMemory(GetParam());
    memory.name = GetParam();
    return memory;
  }
};
INSTANTIATE_TEST_SUITE_P(TraceRun, EveryMemory, ::testing::ValuesIn(presetNames("memories")),
                         [](const auto& preset) { return preset.param; });

TEST_P(EveryMemory, ClosedLoopEqualsClockByClock) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) expectEqualToNaive(memory(), seed, true);
}

TEST_P(EveryMemory, OpenLoopEqualsClockByClock) {
  for (std::uint64_t seed = 101; seed <= 106; ++seed) expectEqualToNaive(memory(), seed, false);
}

TEST_P(EveryMemory, NeverAbovePeakAndEventsAddUp) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    std::mt19937_64 random(seed);
    const MemoryConfig config = memory();
    const auto trace = randomTrace(random, 3000, std::int64_t{1} << 22, 20000, seed % 2 == 0);
    const TraceResult result = runTrace(config, trace);
    const MemoryEvents& events = result.events;
    const std::string what = GetParam() + " seed " + std::to_string(seed);
    EXPECT_GE(result.cycles, events.bursts * config.timing.burstCycles()) << what;
    EXPECT_EQ(events.rowHits + events.rowMisses + events.rowConflicts, events.bursts) << what;
    EXPECT_EQ(events.rowMisses + events.rowConflicts, events.activates) << what;
    EXPECT_EQ(events.reads + events.writes, events.bursts) << what;
    EXPECT_EQ(events.activeCycles + events.idleCycles, result.cycles) << what;
    EXPECT_EQ(result.requests, 3000) << what;
    EXPECT_EQ(result.reads + result.writes, 3000) << what;
    EXPECT_EQ(std::accumulate(result.histogram.begin(), result.histogram.end(), std::int64_t{0}),
              result.reads)
        << what;
    EXPECT_LE(result.leastReadLatency, result.readLatency) << what;
    EXPECT_GE(result.mostReadLatency, result.readLatency) << what;
    if (config.timing.REFI > 0) {
      EXPECT_NEAR(static_cast<double>(events.refreshes),
                  static_cast<double>(result.cycles / config.timing.REFI), 1.0)
          << what;
    }
  }
}

}  // namespace
}  // namespace npusim
