#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/tools/process.h"

/// Runs that leave passes of loops out, beside the whole ones.
namespace npusim::tools {
namespace {

using nlohmann::json;
using testing::HasSubstr;

using Words = std::vector<std::string>;

Finished run(const Words& more, const std::string& file) {
  Words words = {"run", "--values", "off", "--reference", "none", "--json", file};
  words.insert(words.end(), more.begin(), more.end());
  return npusim(words);
}

json result(Words words, const std::string& passes) {
  const TemporaryFolder folder;
  words.insert(words.end(), {"--passes", passes});
  const Finished finished = run(words, folder / "r.json");
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  return json::parse(readText(folder / "r.json"));
}

void expectNear(const json& whole, const json& few, double tolerance) {
  const auto figure = whole.get<double>();
  EXPECT_NEAR(few.get<double>(), figure, tolerance * figure);
}

/// Of cycles and energy in these small loops, whose passes meet refreshes at other times.
constexpr double kTolerance = 3e-3;

void expectSameNetwork(const Words& words) {
  const json whole = result(words, "all"), few = result(words, "8");
  EXPECT_FALSE(whole["simulation"].contains("shortened_loops"));
  const json& loops = few["simulation"]["shortened_loops"];
  ASSERT_FALSE(loops.empty());
  EXPECT_LT(loops[0]["simulated_passes"], loops[0]["passes"]);
  EXPECT_LT(loops[0]["difference"].get<double>(), 1e-3);
  const json &a = whole["predict"], &b = few["predict"];
  expectNear(a["cycles"], b["cycles"], kTolerance);
  expectNear(a["energy_j"], b["energy_j"], kTolerance);
  expectNear(a["utilization"], b["utilization"], kTolerance);
  EXPECT_EQ(a["macs"], b["macs"]);
  EXPECT_EQ(a["traffic_bytes"], b["traffic_bytes"]);
  EXPECT_EQ(whole["load"], few["load"]);
  ASSERT_EQ(whole["layers"].size(), few["layers"].size());
  for (std::size_t i = 0; i < whole["layers"].size(); ++i) {
    const json &one = whole["layers"][i], &other = few["layers"][i];
    EXPECT_EQ(one["macs"], other["macs"]) << one["name"];
    EXPECT_EQ(one["traffic_bytes"], other["traffic_bytes"]) << one["name"];
    const auto all = a["cycles"].get<double>();
    EXPECT_NEAR(one["cycles"].get<double>(), other["cycles"].get<double>(), kTolerance * all);
    EXPECT_NEAR(one["end_cycle"].get<double>(), other["end_cycle"].get<double>(), kTolerance * all);
  }
}

const Words kGpt2 = {"--workload", "gpt2",      "--dim", "layers=24",
                     "--dim",      "width=256", "--dim", "heads=4"};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Passes, OfAPrefill) { expectSameNetwork(with(kGpt2, {"--dim", "sequence=32"})); }

TEST(Passes, OfADecodingStep) {
  expectSameNetwork(with(kGpt2, {"--dim", "sequence=1", "--dim", "past=64"}));
}

TEST(Passes, OnSeveralCoresAndInSeveralPredictions) {
  expectSameNetwork(with(kGpt2, {"--dim", "sequence=32", "--set", "cores=2", "--repeat", "2"}));
}

TEST(Passes, TheTableSaysHowManyWereSimulated) {
  const TemporaryFolder folder;
  const Finished finished =
      run(with(kGpt2, {"--dim", "sequence=8", "--passes", "4"}), folder / "r.json");
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("of 24 passes simulated, the others taken as the last"));
}

TEST(Passes, AutoRunsSmallLoopsWhole) {
  const json few = result(with(kGpt2, {"--dim", "sequence=8"}), "auto");
  EXPECT_FALSE(few["simulation"].contains("shortened_loops"));
}

TEST(Passes, MistakesAreNamed) {
  const auto message = [](const Words& words) {
    const Finished finished = npusim(with({"run"}, words));
    EXPECT_EQ(finished.exitCode, 2);
    return finished.err;
  };
  EXPECT_THAT(message({"--passes", "few"}), HasSubstr("--passes few: must be all, auto or a"));
  EXPECT_THAT(message({"--passes", "3", "--values", "off"}),
              HasSubstr("--passes: '3' must be a whole number of at least 4"));
  EXPECT_THAT(message({"--passes", "4"}), HasSubstr("add --values off"));
  EXPECT_THAT(message({"--passes", "4", "--values", "off", "--dram-trace", "trace.txt"}),
              HasSubstr("--dram-trace writes what all passes ask for"));
}

}  // namespace
}  // namespace npusim::tools
