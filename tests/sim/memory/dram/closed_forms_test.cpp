#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/memory/dram/trace_run.h"
#include "tests/sim/memory/dram/reference_traces.h"

namespace npusim {
namespace {

using npusim::testing::addressSum;
using npusim::testing::matched;
using npusim::testing::referenceTrace;

TraceResult run(const MemoryConfig& memory, const std::string& trace) {
  TraceRun run(memory);
  for (const TraceRequest& request : referenceTrace(trace, memory)) run.offer(request);
  return run.finish();
}

MemoryConfig withoutRefresh(const std::string& preset, const std::string& mapping) {
  MemoryConfig memory = matched(preset, mapping);
  memory.timing.REFI = 0;
  return memory;
}

TEST(ReferenceTraces, HaveThePublishedAddressSums) {
  const MemoryConfig memory = matched("ddr4_2400", "ro-ba-bg-co");
  const std::pair<const char*, std::uint64_t> sums[] = {
      {"a", 0x1ffff800000},   {"b", 0x1ffff800000}, {"c", 0x305fffa00000},
      {"cs", 0x30617fa00000}, {"d", 0xffff0000000}, {"ds", 0x7ffc0000000},
      {"e", 0x30f2b8b69b00},  {"g", 0x7a02600},     {"gr", 0xf5dbb8edc0}};
  for (const auto& [trace, sum] : sums) {
    EXPECT_EQ(addressSum(referenceTrace(trace, memory)), sum) << trace;
  }
}

// Each request opens a new row of one bank: (n - 1) RC + RCD + CL + burst.
TEST(ClosedForms, NewRowOfOneBankEachTime) {
  EXPECT_EQ(run(withoutRefresh("ddr4_2400", "ro-ba-bg-co"), "ds").cycles, 16383 * 56 + 17 + 17 + 4);
  EXPECT_EQ(run(withoutRefresh("ddr4_2400", "ro-ba-bg-co"), "ds").cycles, 917486);
  for (const char* const preset : {"ddr3_1600", "ddr3_1866", "ddr3_2133", "ddr4_3200"}) {
    const MemoryConfig memory = withoutRefresh(preset, "ro-ba-bg-co");
    const DramTiming& t = memory.timing;
    EXPECT_EQ(run(memory, "ds").cycles, 16383 * t.RC + t.RCD + t.CL + t.burstCycles()) << preset;
  }
}

/// New rows of all banks in turn: activates fill the window of four, so the last one comes after
/// n / 4 - 1 times FAW and three times RRD_S; then RCD, CL and the burst.
TEST(ClosedForms, NewRowsOfAllBanksInTurn) {
  EXPECT_EQ(run(withoutRefresh("ddr4_2400", "ro-ba-bg-co"), "d").cycles, 426008);
  EXPECT_EQ((65536 / 4 - 1) * 26 + 3 * 4 + 17 + 17 + 4, 426008);
}

// An idle memory: 16 first touches, then only hits, or only conflicts.
TEST(ClosedForms, IdleLatency) {
  const TraceResult hits = run(withoutRefresh("ddr4_2400", "ro-ba-bg-co"), "g");
  EXPECT_DOUBLE_EQ(hits.readLatency, (16 * 38 + 1984 * 21) / 2000.0);
  EXPECT_EQ(hits.leastReadLatency, 21);
  EXPECT_EQ(hits.mostReadLatency, 38);
  EXPECT_EQ(hits.cycles, 1999 * 240 + 21);
  const TraceResult conflicts = run(withoutRefresh("ddr4_2400", "ro-ba-bg-co"), "gr");
  EXPECT_DOUBLE_EQ(conflicts.readLatency, (16 * 38 + 1984 * 55) / 2000.0);
  EXPECT_EQ(conflicts.events.rowMisses, 16);
}

// Streams of bursts in different bank groups leave the data bus no gap: the last row's opening and
// the reads' latency are all there is beside the bursts.
TEST(ClosedForms, InterleavedStreamFillsTheDataBus) {
  const TraceResult result = run(withoutRefresh("ddr4_2400", "ro-ba-co-bg"), "a");
  EXPECT_GE(result.cycles, 262144 * 4);
  EXPECT_LE(result.cycles, (262144 * 4 + 38) * 1.01);
}

// Ramulator 2.1 with FRFCFS-RowHit meets these to the cycle.
TEST(ClosedForms, EqualsRamulator) {
  struct Case {
    const char *preset, *mapping, *trace;
    std::int64_t cycles;
  };
  for (const Case& c : {Case{"ddr3_1600", "ro-ba-bg-co", "a", 1089048},
                        Case{"ddr3_1600", "ro-ba-bg-co", "d", 408751},
                        Case{"ddr3_1600", "ro-ba-bg-co", "ds", 660803},
                        Case{"ddr4_2400", "ro-ba-bg-co", "d", 447802},
                        Case{"ddr4_2400", "ro-ba-bg-co", "ds", 960326},
                        Case{"ddr4_2400", "ro-ba-co-bg", "a", 1102341},
                        Case{"hbm2", "ro-ba-co-bg", "ds", 864653}}) {
    EXPECT_EQ(run(matched(c.preset, c.mapping), c.trace).cycles, c.cycles)
        << c.preset << " " << c.mapping << " " << c.trace;
  }
}

}  // namespace
}  // namespace npusim
