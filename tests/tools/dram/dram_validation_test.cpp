#include <gmock/gmock.h>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/tools/process.h"
#include "tools/validate/dram_judge.h"
#include "tools/validate/dram_traces.h"

namespace npusim::tools {
namespace {

using testing::Contains;
using testing::HasSubstr;

using Figure = DramRow::Figure;

TEST(DramTraces, AreThoseThatTheReferencesRan) {
  checkDramTraces();
  const auto e = dramTrace("e", {8192, 16, 240});
  EXPECT_EQ(e.size(), 100'000U);
  EXPECT_EQ(e[0].address, 0x34446800);
  EXPECT_EQ(e[1].address, 0x4fe3b40);
  EXPECT_EQ(e[2].address, 0x399c8740);
  EXPECT_EQ(e[3].address, 0xfd0b280);
  const auto c = dramTrace("c", {8192, 16, 240});
  EXPECT_EQ(c[5].address, std::int64_t{512} * 1024 * 1024 + 64);
  EXPECT_EQ(c[4].direction, Direction::Read);
  EXPECT_EQ(c[5].direction, Direction::Write);
  EXPECT_EQ(c[5].arrival, TraceRequest::kClosedLoop);
  EXPECT_EQ(dramTrace("gr", {8192, 16, 240})[3].arrival, 720);
  EXPECT_THROW(dramTrace("z", {8192, 16, 240}), InternalError);
}

TEST(DramTraces, FitTheirMemory) {
  const TraceShape shape = traceShape(loadMemory("lpddr5_6400"));
  EXPECT_EQ(shape.rowBytes, 2048);
  EXPECT_EQ(shape.banks, 16);
  EXPECT_EQ(shape.interval, 160);
}

TEST(DramReference, NamesOnlySimulatorsAndTracesThatThereAre) {
  const DramReference reference = readDramReference();
  std::vector<std::string> simulators;
  for (const DramSimulator& simulator : reference.simulators) simulators.push_back(simulator.key);
  const auto names = dramTraceNames();
  const std::vector<std::string> traces(names.begin(), names.end());
  EXPECT_EQ(reference.configurations.size(), 10U);
  for (const DramConfiguration& configuration : reference.configurations) {
    SCOPED_TRACE(configuration.name);
    for (const std::string& judge : configuration.judges) EXPECT_THAT(simulators, Contains(judge));
    for (const DramFigures& figures : configuration.references) {
      EXPECT_THAT(simulators, Contains(figures.simulator));
      for (const auto& [trace, cycles] : figures.cycles) EXPECT_THAT(traces, Contains(trace));
    }
  }
}

/// The closed forms in the file, from the preset's timing.
TEST(DramReference, ClosedFormsFollowFromTheTiming) {
  const DramTiming t = loadMemory("ddr4_2400").timing;
  const std::int64_t first = t.RCD + t.CL + t.burstCycles(), hit = t.CL + t.burstCycles();
  const DramReference reference = readDramReference();
  const DramFigures& formula = reference.configurations.back().references.front();
  ASSERT_EQ(formula.simulator, "formula");
  const std::int64_t ds = 16383 * t.RC + first;
  const std::int64_t d = (65536 / 4 - 1) * t.FAW + 3 * t.RRD_S + first;
  const double g = static_cast<double>(16 * first + 1984 * hit) / 2000;
  const double gr = static_cast<double>(16 * first + 1984 * (t.RP + first)) / 2000;
  EXPECT_EQ(formula.cycles.at("ds"), static_cast<double>(ds));
  EXPECT_EQ(formula.cycles.at("d"), static_cast<double>(d));
  EXPECT_DOUBLE_EQ(formula.readLatency.at("g"), g);
  EXPECT_DOUBLE_EQ(formula.readLatency.at("gr"), gr);
}

/// Two simulators, of which only `near` judges.
DramConfiguration example() {
  DramConfiguration configuration;
  configuration.judges = {"near"};
  configuration.cyclesWithin = {{"a", 0.01}};
  configuration.rowHitRateWithin = {{"a", 0.1}, {"b", 0.1}};
  configuration.references = {{"near", {{"a", 1000}, {"b", 50}}, {{"a", 0.5}}, {}},
                              {"far", {{"a", 2000}}, {}, {}}};
  return configuration;
}

TraceResult result(std::int64_t cycles, std::int64_t hits) {
  TraceResult own;
  own.cycles = cycles;
  own.events.bursts = 100;
  own.events.rowHits = hits;
  return own;
}

TEST(DramJudge, AFigurePassesWithinItsToleranceOfOneJudge) {
  const auto rows = judgeDram(example(), {{"a", result(1009, 39)}, {"b", result(100, 0)}});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].figure, Figure::Cycles);
  EXPECT_NEAR(rows[0].errors.at("near"), 0.009, 1e-12);
  EXPECT_NEAR(rows[0].errors.at("far"), -0.4955, 1e-12);
  EXPECT_TRUE(rows[0].judged && rows[0].passed());
  EXPECT_EQ(rows[1].figure, Figure::RowHitRate);
  EXPECT_NEAR(rows[1].nearest, -0.11, 1e-12);
  EXPECT_FALSE(rows[1].passed());
  EXPECT_EQ(rows[2].trace, "b");
  EXPECT_FALSE(rows[2].judged) << "no tolerance is stated";
  EXPECT_TRUE(rows[2].passed());

  DramConfiguration both = example();
  both.judges = {"near", "far"};
  EXPECT_FALSE(judgeDram(both, {{"a", result(1500, 50)}})[0].passed());
  EXPECT_TRUE(judgeDram(both, {{"a", result(1990, 50)}})[0].passed());
}

TEST(DramJudge, RefreshesFollowTheTime) {
  TraceResult own = result(10'500, 0);
  own.events.refreshes = 8;
  EXPECT_FALSE(judgeRefreshes({{"a", own}}, 1000, 1)[0].passed());
  own.events.refreshes = 9;
  EXPECT_TRUE(judgeRefreshes({{"a", own}}, 1000, 1)[0].passed());
}

TEST(DramValidation, AgreesWithItsReferences) {
  const Finished run = npusim({"validate", "dram"});
  EXPECT_EQ(run.exitCode, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("judged figures pass"));
}

}  // namespace
}  // namespace npusim::tools
