#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

std::string sequential(int requests, const char* arrival = "-") {
  std::string text;
  for (int j = 0; j < requests; ++j) text += fmt::format("{} 0x{:x} R\n", arrival, j * 64);
  return text;
}

/// The JSON of a trace run with further arguments.
Json resultOf(const std::string& trace, const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  writeText(folder / "t", trace);
  std::vector<std::string> words = {"dram", "--trace", folder / "t", "--json", folder / "j"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const Finished run = npusim(words);
  EXPECT_EQ(run.exitCode, 0) << run.err;
  return Json::parse(readText(folder / "j"));
}

TEST(DramCommand, WritesTheNamesThatOthersReadAndAddsUp) {
  const Json result = resultOf(sequential(5000), {"--memory", "ddr4_2400", "--mapping", "bgi"});
  for (const char* key : {"cycles", "bandwidth_utilization", "read_latency_cycles", "row_hit_rate",
                          "energy_pj", "refreshes"}) {
    EXPECT_TRUE(result.at(key).is_number()) << key;
  }
  EXPECT_EQ(result["requests"], 5000);
  EXPECT_EQ(result["bursts"], 5000);
  EXPECT_EQ(result["row_hits"].get<int>() + result["row_misses"].get<int>() +
                result["row_conflicts"].get<int>(),
            5000);
  double parts = 0;
  for (const auto& [name, picojoules] : result["energy_by_part_pj"].items()) {
    parts += picojoules.get<double>();
  }
  EXPECT_DOUBLE_EQ(result["energy_pj"].get<double>(), parts);
  int reads = 0;
  for (const int count : result["read_latency_histogram"]["reads"]) reads += count;
  EXPECT_EQ(reads, 5000);
  EXPECT_GT(result["bandwidth_utilization"].get<double>(), 0.9);
  EXPECT_LE(result["bandwidth_utilization"].get<double>(), 1);
  EXPECT_EQ(result["active_cycles"].get<int>() + result["idle_cycles"].get<int>(),
            result["cycles"].get<int>());
}

/// Writes to the same block take each other's place in the queue and move once.
TEST(DramCommand, CountsTheBytesThatMove) {
  std::string trace;
  for (int j = 0; j < 2000; ++j) trace += fmt::format("- {} W\n", j % 2 * 64);
  const Json result = resultOf(trace, {"--memory", "ddr4_2400"});
  EXPECT_EQ(result["writes"], 2000);
  EXPECT_LT(result["bursts"].get<int>(), 2000);
  EXPECT_LE(result["bandwidth_utilization"].get<double>(), 1);
}

TEST(DramCommand, ASingleReadTakesItsClosedForm) {
  const Json closed = resultOf("- 0 R\n", {"--memory", "ddr4_2400"});
  EXPECT_EQ(closed["cycles"], 17 + 17 + 4);
  EXPECT_EQ(closed["read_latency_cycles"], 38.0);
  const Json open = resultOf("1000 0 R\n", {"--memory", "ddr4_2400"});
  EXPECT_EQ(open["cycles"], 38) << "counted from the first offer";
}

TEST(DramCommand, OptionsChangeTheMemory) {
  const std::string trace = sequential(20000);
  const auto cycles = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"--memory", "ddr4_2400"});
    return resultOf(trace, words).at("cycles").get<std::int64_t>();
  };
  const std::int64_t bgi = cycles({"--mapping", "bgi"});
  EXPECT_LT(bgi, cycles({"--mapping", "row"}));
  EXPECT_EQ(bgi, cycles({"--mapping", "ro-ba-co-bg"}));
  EXPECT_LT(cycles({"--mapping", "bgi", "--refresh", "off"}), bgi);
  EXPECT_LT(cycles({"--mapping", "bgi", "--channels", "2"}), bgi * 6 / 10);
  EXPECT_EQ(resultOf("- 0 R\n", {"--memory", "ddr4_2400", "--set", "timing.CL=30"})["cycles"],
            17 + 30 + 4);
}

TEST(DramCommand, ReadsStandardInput) {
  const Finished run =
      shell("printf -- '- 0 R\\n- 64 W\\n' | \"$NPUSIM\" dram --memory hbm2 --trace -");
  EXPECT_EQ(run.exitCode, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("requests         2: 1 reads, 1 writes"));
  const Finished bad =
      shell("printf -- '- 0 R\\n- x\\n' | \"$NPUSIM\" dram --memory hbm2 --trace -");
  EXPECT_EQ(bad.exitCode, 2);
  EXPECT_THAT(bad.err, HasSubstr("npusim: standard input:2:3: 'x' must be an address"));
}

TEST(DramCommand, AMalformedTraceWritesNothing) {
  const TemporaryFolder folder;
  writeText(folder / "t", sequential(100'000) + "- 0x40 Q\n");
  const Finished run =
      npusim({"dram", "--memory", "ddr4_2400", "--trace", folder / "t", "--json", folder / "j"});
  EXPECT_EQ(run.exitCode, 2);
  EXPECT_THAT(run.out, IsEmpty());
  EXPECT_EQ(run.err, "npusim: " + (folder / "t") + ":100001:8: 'Q' must be R or W\n");
  EXPECT_THAT(folder.contents(), ElementsAre("t"));
}

struct Refused {
  const char* name;
  const char* arguments;
  const char* message;
};

std::ostream& operator<<(std::ostream& out, const Refused& row) { return out << row.name; }

class DramRefuses : public testing::TestWithParam<Refused> {};

TEST_P(DramRefuses, GivesOneLine) {
  const Finished run = shell(std::string("\"$NPUSIM\" dram ") + GetParam().arguments);
  EXPECT_EQ(run.exitCode, 2);
  EXPECT_THAT(run.err, HasSubstr(GetParam().message));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_THAT(run.out, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, DramRefuses,
    testing::Values(
        Refused{"NoMemory", "--trace -", "dram needs --memory FILE|NAME"},
        Refused{"NoTrace", "--memory hbm2", "dram needs --trace FILE, or - for standard input"},
        Refused{"UnknownMemory", "--memory hbm22 --trace -", "did you mean 'hbm2'?"},
        Refused{"WrongMapping", "--memory hbm2 --trace - --mapping ro-co", "--mapping ro-co: "},
        Refused{"WrongRefresh", "--memory hbm2 --trace - --refresh maybe",
                "--refresh maybe: must be on or off"},
        Refused{"NoChannel", "--memory hbm2 --trace - --channels 0",
                "--channels: '0' must be a whole number"},
        Refused{"UnknownKey", "--memory hbm2 --trace - --set timing.XY=3", "XY: unknown key"},
        Refused{"NoFile", "--memory hbm2 --trace /none/t", "cannot read '/none/t' (No such file"},
        Refused{"EmptyTrace", "--memory hbm2 --trace -", "-: holds no requests"},
        Refused{"NoFolder", "--memory hbm2 --trace - --json /none/j", "/none/j"}),
    [](const auto& refused) { return refused.param.name; });

TEST(DramCommand, HelpFitsAScreen) {
  const Finished run = npusim({"dram", "--help"});
  EXPECT_EQ(run.exitCode, 0);
  EXPECT_LE(std::count(run.out.begin(), run.out.end(), '\n'), 25);
  EXPECT_THAT(run.out, HasSubstr("cycle|- address R|W"));
}

/// What a run asks of its memory is a trace that runs through it.
TEST(DramCommand, RunsTheRequestsOfARun) {
  const TemporaryFolder folder;
  const Finished run = npusim({"run", "--values", "off", "--reference", "none", "--dram-trace",
                               folder / "t", "--json", folder / "r"});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  const Json result = Json::parse(readText(folder / "r"));
  const Finished traced = npusim({"dram", "--memory", "lpddr4_3200", "--channels", "2", "--trace",
                                  folder / "t", "--json", folder / "d"});
  ASSERT_EQ(traced.exitCode, 0) << traced.err;
  const Json dram = Json::parse(readText(folder / "d"));
  const Json& moved = result["predict"]["traffic_bytes"]["dram"];
  const auto asked = moved["read"].get<std::int64_t>() + moved["write"].get<std::int64_t>();
  EXPECT_GE(dram["requests"].get<std::int64_t>() * 64, asked * 95 / 100);
  EXPECT_LE(dram["requests"].get<std::int64_t>() * 64, asked * 2);
}

/// The commands of a run are kept with its result, so its DRAM is priced again by its currents.
TEST(DramCommand, ASavedRunIsPricedAgainTheSame) {
  const TemporaryFolder folder;
  const Finished run = npusim({"gemm", "64", "64", "512", "--values", "off", "--reference", "none",
                               "--json", folder / "r"});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  const Finished again =
      npusim({"energy", folder / "r", "--table", "7nm", "--json", folder / "again"});
  ASSERT_EQ(again.exitCode, 0) << again.err;
  const Json first = Json::parse(readText(folder / "r"));
  const Json second = Json::parse(readText(folder / "again"));
  EXPECT_EQ(first["predict"]["energy_pj"], second["predict"]["energy_pj"]);
  const Json& memory = first["predict"]["events"]["memories"].at(0);
  EXPECT_GT(memory["activates"].get<int>(), 0);
  const Json& moved = first["predict"]["traffic_bytes"]["dram"];
  EXPECT_EQ(memory["bytes"],
            moved["read"].get<std::int64_t>() + moved["write"].get<std::int64_t>());
  double layers = 0;
  for (const Json& layer : first["layers"]) layers += layer["energy_pj"]["dram"].get<double>();
  const double total = first["predict"]["energy_pj"]["dram"];
  EXPECT_NEAR(layers, total, 1e-9 * total);
}

TEST(DramCommand, ATraceOfNothingIsRefused) {
  const TemporaryFolder folder;
  const Finished run =
      npusim({"run", "--values", "off", "--memory", "ideal", "--dram-trace", folder / "t"});
  EXPECT_EQ(run.exitCode, 2);
  EXPECT_THAT(run.err, EndsWith("--memory ideal asks for nothing; leave one of them out\n"));
  EXPECT_THAT(folder.contents(), IsEmpty());
}

}  // namespace
}  // namespace npusim::tools
