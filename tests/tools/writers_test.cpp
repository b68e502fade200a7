#include "tools/writers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/core/error.h"
#include "tests/tools/example_result.h"

namespace npusim::tools {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

std::string golden(const std::string& name) {
  std::ifstream file(NPUSIM_SOURCE_DIR "/tests/tools/golden/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Writers, TableIsAsAgreed) { EXPECT_EQ(toTable(exampleResult()), golden("table.txt")); }

TEST(Writers, JsonIsAsAgreed) { EXPECT_EQ(toJson(exampleResult()), golden("result.json")); }

TEST(Writers, CsvIsAsAgreed) { EXPECT_EQ(toCsv(exampleResult()), golden("layers.csv")); }

/// Names that other programs rely on, as the command's contract lists them.
constexpr const char* kPromised[] = {"npusim",
                                     "chip",
                                     "workload",
                                     "fidelity",
                                     "precision",
                                     "batch",
                                     "seed",
                                     "chip_hash",
                                     "config_hash",
                                     "load/cycles",
                                     "load/time_s",
                                     "load/energy_j",
                                     "load/bytes",
                                     "load/host_time_s",
                                     "io/time_s",
                                     "io/energy_j",
                                     "io/bytes",
                                     "io/dispatch_s",
                                     "predict/cycles",
                                     "predict/time_s",
                                     "predict/energy_j",
                                     "predict/average_power_w",
                                     "predict/macs",
                                     "predict/utilization",
                                     "predict/loss/edge",
                                     "predict/loss/fill_drain",
                                     "predict/loss/dram",
                                     "predict/loss/buffer",
                                     "predict/loss/dependency",
                                     "predict/loss/network",
                                     "predict/loss/overhead",
                                     "predict/stall_cycles/dram",
                                     "predict/stall_cycles/buffer",
                                     "predict/stall_cycles/dependency",
                                     "predict/stall_cycles/network",
                                     "predict/traffic_bytes/local_store/read",
                                     "predict/traffic_bytes/local_store/write",
                                     "predict/traffic_bytes/array_network",
                                     "predict/traffic_bytes/buffer/read",
                                     "predict/traffic_bytes/buffer/write",
                                     "predict/traffic_bytes/network",
                                     "predict/traffic_bytes/dram/read",
                                     "predict/traffic_bytes/dram/write",
                                     "predict/compulsory_dram_bytes",
                                     "predict/dram/row_hits",
                                     "predict/dram/row_misses",
                                     "predict/dram/row_conflicts",
                                     "predict/dram/activates",
                                     "predict/dram/refreshes",
                                     "predict/dram/bandwidth_utilization",
                                     "predict/energy_pj/mac",
                                     "predict/energy_pj/local_store",
                                     "predict/energy_pj/array_network",
                                     "predict/energy_pj/buffer",
                                     "predict/energy_pj/vector",
                                     "predict/energy_pj/network",
                                     "predict/energy_pj/dram",
                                     "predict/energy_pj/clock_idle",
                                     "predict/energy_pj/host",
                                     "predict/zero_operand_fraction",
                                     "area_mm2/array",
                                     "area_mm2/local_store",
                                     "area_mm2/buffer",
                                     "area_mm2/vector",
                                     "area_mm2/network",
                                     "area_mm2/total",
                                     "layers/0/name",
                                     "layers/0/op",
                                     "layers/0/macs",
                                     "layers/0/cycles",
                                     "layers/0/start_cycle",
                                     "layers/0/end_cycle",
                                     "layers/0/utilization",
                                     "layers/0/bound_by",
                                     "layers/0/stall_cycles/dram",
                                     "layers/0/traffic_bytes/dram/read",
                                     "layers/0/energy_pj/mac",
                                     "references/0/name",
                                     "references/0/kind",
                                     "references/0/precision",
                                     "references/0/time_s",
                                     "references/0/cycles",
                                     "references/0/energy_j",
                                     "references/0/dram_bytes",
                                     "references/0/traffic_bytes/L1",
                                     "references/0/speedup",
                                     "references/0/energy_ratio",
                                     "values/computed",
                                     "values/checked_against",
                                     "values/max_abs_error",
                                     "values/max_rel_error",
                                     "simulation/wall_s",
                                     "simulation/compile_wall_s",
                                     "simulation/peak_rss_bytes",
                                     "simulation/cycles_per_s"};

TEST(Json, HasEveryPromisedName) {
  const Json json = Json::parse(toJson(exampleResult()));
  for (const char* path : kPromised) {
    EXPECT_TRUE(json.contains(Json::json_pointer(std::string("/") + path))) << path;
  }
}

TEST(Json, KeepsFiguresExactly) {
  RunResult result = exampleResult();
  result.predict.cycles = 9007199254740993;  // not a double
  result.predict.timeS = 0.1;
  result.seed = 0xffffffffffffffff;
  const RunResult again = fromJson(toJson(result), "r.json");
  EXPECT_EQ(again.predict.cycles, result.predict.cycles);
  EXPECT_EQ(again.predict.timeS, result.predict.timeS);
  EXPECT_EQ(again.seed, result.seed);
  EXPECT_EQ(again.layers[1].name, result.layers[1].name);
  EXPECT_EQ(again.references[0].trafficBytes, result.references[0].trafficBytes);
  EXPECT_TRUE(std::isnan(again.references[1].energyJ));
}

TEST(Json, ReadsWhatItWrote) {
  const std::string text = toJson(exampleResult());
  EXPECT_EQ(toJson(fromJson(text, "r.json")), text);
}

TEST(Json, IsValidWhateverTheNames) {
  RunResult result = exampleResult();
  result.layers[0].name = "half a character \xc3 and \"quotes\"\n";
  EXPECT_TRUE(Json::accept(toJson(result)));
}

std::string messageOf(const std::string& text) {
  try {
    fromJson(text, "r.json");
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no error";
}

TEST(Json, SaysWhatIsWrong) {
  EXPECT_THAT(messageOf("{\"npusim\": "), HasSubstr("r.json: is not JSON"));
  EXPECT_THAT(messageOf("[]"), HasSubstr("r.json: npusim: is missing"));
  EXPECT_THAT(messageOf("3"), HasSubstr("npusim: is missing"));
}

TEST(Json, NamesTheKeyThatIsMissingOrWrong) {
  struct Case {
    const char* path;
    Json value;
    const char* message;
  };
  const Case cases[] = {
      {"/predict/cycles", "many", "predict.cycles: is not of the right type"},
      {"/predict/cycles", 1.5, "predict.cycles: is not of the right type"},
      {"/predict/time_s", "long", "predict.time_s: is not of the right type"},
      {"/seed", -1, "seed: is not of the right type"},
      {"/layers", 3, "layers: is not of the right type"},
      {"/layers/1/op", 3, "layers.1.op: is not of the right type"},
      {"/references/0/traffic_bytes/L1", "x", "traffic_bytes: holds something else"},
      {"/values/computed", 1, "values.computed: is not of the right type"},
  };
  for (const Case& wrong : cases) {
    Json json = Json::parse(toJson(exampleResult()));
    json[Json::json_pointer(wrong.path)] = wrong.value;
    EXPECT_THAT(messageOf(json.dump()), HasSubstr(wrong.message)) << wrong.path;
  }
  Json json = Json::parse(toJson(exampleResult()));
  json["predict"].erase("macs");
  EXPECT_THAT(messageOf(json.dump()), HasSubstr("predict.macs: is missing"));
}

TEST(Table, LinesFitAScreen) {
  std::istringstream lines(toTable(exampleResult()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 120u) << line;
}

TEST(Table, SaysWhenValuesFailed) {
  RunResult result = exampleResult();
  result.values.passed = false;
  EXPECT_THAT(toTable(result), HasSubstr("values      FAILED: fp32 is near"));
  result.values = {};
  EXPECT_THAT(toTable(result), HasSubstr("not computed (--values off)"));
}

TEST(Table, NamesTheConvention) {
  RunResult result = exampleResult();
  result.convention = "scale_sim";
  EXPECT_THAT(toTable(result), HasSubstr("[1] scale_sim: no overlap between folds"));
}

TEST(Table, ShowsTheClockOfTheRunAndWhetherItKeepsThePowerLimit) {
  RunResult result = exampleResult();
  result.powerLimitW = 1;
  EXPECT_THAT(toTable(result),
              HasSubstr("at 800 MHz, throttled from 1000 MHz (cycles: overlapped "
                        "[1])\nstill ABOVE its power limit: predict takes 1.023 W, "
                        "the limit is 1 W; try --set power.limit_w=1.024 or a lower "
                        "power.throttled_clock_mhz\n"));
  result.throttledClockMhz = result.powerLimitW = 0;
  EXPECT_THAT(toTable(result), HasSubstr("at 1000 MHz (cycles: overlapped [1])\n\n"));
}

TEST(Table, SaysNothingOfAThrottledClockThatWasNotTaken) {
  RunResult result = exampleResult();
  result.throttledClockMhz = 0;
  result.powerLimitW = 1;
  EXPECT_THAT(toTable(result), HasSubstr("[1])\nABOVE its power limit: predict takes 1.023 W"));
}

TEST(Table, OfSeveralMemoriesEachHasALine) {
  RunResult result = exampleResult();
  result.predict.memories = {{"cache", "sram", {1024, 2048}, 0.125, 5e6},
                             {"dram", "dram", {202784, 395168}, 0.65, 33e6}};
  const std::string table = toTable(result);
  EXPECT_THAT(table,
              HasSubstr("\n cache         1.00 KiB  2.00 KiB  12.5 % of peak bandwidth, "
                        "5.00 uJ\n dram           198 KiB   386 KiB  65.0 % of peak "
                        "bandwidth, 33.0 uJ\n memories       199 KiB   388 KiB  1.20 x of the "
                        "compulsory 488 KiB\n"));
  EXPECT_THAT(table, HasSubstr("  bound by  memories   energy\n"));
  EXPECT_THAT(table, HasSubstr("\n wait for memories, DMA  29.0 %"));
  EXPECT_THAT(table, testing::Not(HasSubstr("\n DRAM ")));
}

TEST(Table, AChipWithoutMemoriesHasNoLinesOfThem) {
  RunResult result = exampleResult();
  result.predict.memories.clear();
  result.predict.energy.dram = 0;
  result.references.clear();
  const std::string table = toTable(result);
  EXPECT_THAT(table, HasSubstr("\n wait for DMA "));
  EXPECT_THAT(table, HasSubstr("(table 7nm; die)\n"));
  EXPECT_THAT(table, testing::Not(HasSubstr("\n DRAM ")));
  EXPECT_THAT(table, testing::Not(HasSubstr("compulsory")));
}

TEST(Table, SpeedUpIsOfPredictAloneAndWithIo) {
  RunResult result = exampleResult();
  result.io.timeS = 3 * result.predict.timeS;
  result.references[0].timeS = 8 * result.predict.timeS;
  result.references[0].speedup = 8;
  EXPECT_THAT(toTable(result), HasSubstr("    8.00 x   2.00 x  "));
}

TEST(Table, NamesTheBusiestCore) {
  RunResult result = exampleResult();
  result.predict.busiestCoreCycles = 66429;
  EXPECT_THAT(toTable(result), HasSubstr("(worked 66,429 cycles at the busiest, 0 at the least"));
}

TEST(Table, SurvivesAnEmptyResult) {
  EXPECT_THAT(toTable(RunResult{}), HasSubstr("total"));
  EXPECT_THAT(toCsv(RunResult{}), HasSubstr("name,op,"));
}

TEST(Csv, QuotesWhatNeedsIt) {
  EXPECT_THAT(toCsv(exampleResult()), HasSubstr("\"net/stage2/soft,\"\"max\"\"\",Softmax"));
}

}  // namespace
}  // namespace npusim::tools
