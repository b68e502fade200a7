#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/tools/process.h"

/// Weights that the chip has no room for come over the host link in every prediction.
namespace npusim::tools {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kNetwork = R"(name: streams
inputs:
  x: [4, 256]
layers:
  - gemm: {name: one, features: 512, activation: relu}
  - gemm: {name: two, features: 256, activation: relu}
  - gemm: {name: three, features: 128}
)";
constexpr std::int64_t kStreamed = (256 * 512 + 512 * 256) * 4;  ///< weights of one and two
const std::vector<std::string> kSmall = {"--set", "memory.capacity_mib=0.25"};
const std::vector<std::string> kStreaming = {"--set", "memory.capacity_mib=0.25",
                                             "--allow-streaming"};

class Streaming : public testing::Test {
 protected:
  Streaming() { writeText(network(), kNetwork); }
  std::string network() const { return folder_ / "streams.yaml"; }

  Finished run(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"run",  "--workload", network(),         "--precision",
                                      "fp32", "--json",     folder_ / "r.json"};
    words.insert(words.end(), more.begin(), more.end());
    return npusim(words);
  }
  json result(const std::vector<std::string>& more) const {
    const Finished finished = run(more);
    EXPECT_EQ(finished.exitCode, 0) << finished.err;
    return json::parse(readText(folder_ / "r.json"));
  }

  TemporaryFolder folder_;
};

TEST_F(Streaming, WithoutItTheRefusalSaysHowMuchAndNamesTheOption) {
  const Finished finished = run(kSmall);
  EXPECT_EQ(finished.exitCode, 3);
  EXPECT_THAT(finished.err, HasSubstr("of 'dram', which has 262144"));
  EXPECT_THAT(finished.err, HasSubstr("--allow-streaming to bring weights over the host link"));
}

TEST_F(Streaming, EveryStreamedByteComesOverTheLinkOnce) {
  const json r = result(kStreaming);
  const json& predict = r["predict"];
  EXPECT_TRUE(r["values"]["passed"].get<bool>());
  EXPECT_EQ(predict["events"]["host_bytes"], kStreamed);
  EXPECT_EQ(predict["memories"][1]["kind"], "host");
  EXPECT_EQ(predict["memories"][1]["bytes"]["read"], kStreamed);
  EXPECT_EQ(predict["memories"][1]["bytes"]["write"], 0);
  EXPECT_LT(r["load"]["bytes"], 262144) << "what is streamed stays with the host";
}

TEST_F(Streaming, TimeIsThatOfTheLinkAtLeastAndFollowsItsBandwidth) {
  for (const double gbPerS : {2.0, 8.0}) {
    std::vector<std::string> words = kStreaming;
    words.insert(words.end(), {"--set", "host.bandwidth_gb_per_s=" + std::to_string(gbPerS)});
    const json predict = result(words)["predict"];
    const double leastNs = static_cast<double>(kStreamed) / gbPerS;
    const auto cycles = predict["cycles"].get<double>();  // at 1 GHz
    EXPECT_GE(cycles, leastNs);
    EXPECT_LE(cycles, 1.2 * leastNs) << "the link is the slowest and never waits for long";
  }
}

TEST_F(Streaming, TheLinksEnergyIsTheHosts) {
  std::vector<std::string> words = kStreaming;
  words.insert(words.end(), {"--set", "host.energy_pj_per_bit=3"});
  const json predict = result(words)["predict"];
  EXPECT_NEAR(predict["energy_pj"]["host"].get<double>(), 8.0 * 3 * kStreamed, 1);
  const Finished again = npusim({"energy", folder_ / "r.json", "--table", "28nm"});
  EXPECT_EQ(again.exitCode, 0) << again.err;
}

TEST_F(Streaming, ValuesAreThoseOfWeightsInMemory) {
  ASSERT_EQ(run({"--outputs", folder_ / "resident"}).exitCode, 0);
  std::vector<std::string> words = kStreaming;
  words.insert(words.end(), {"--outputs", folder_ / "streamed"});
  const Finished finished = run(words);
  ASSERT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr(std::to_string(kStreamed) + " of "));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "resident")) {
    const std::string name = entry.path().filename();
    EXPECT_EQ(readText(folder_ / ("resident/" + name)), readText(folder_ / ("streamed/" + name)));
    ++files;
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(Streaming, AProgramFileStreamsTheSame) {
  const json run = result(kStreaming);
  std::vector<std::string> words = {"compile", "--workload", network(),        "--precision",
                                    "fp32",    "-o",         folder_ / "s.npu"};
  words.insert(words.end(), kStreaming.begin(), kStreaming.end());
  ASSERT_EQ(npusim(words).exitCode, 0);
  const Finished finished = npusim({"exec", folder_ / "s.npu", "--json", folder_ / "e.json"});
  ASSERT_EQ(finished.exitCode, 0) << finished.err;
  const json exec = json::parse(readText(folder_ / "e.json"));
  EXPECT_EQ(exec["predict"]["cycles"], run["predict"]["cycles"]);
  EXPECT_EQ(exec["predict"]["events"]["host_bytes"], kStreamed);
}

TEST_F(Streaming, WhereAllFitsNothingChanges) {
  const json before = result({});
  const Finished finished = run({"--allow-streaming"});
  EXPECT_THAT(finished.err, HasSubstr("--allow-streaming: the chip has room for all weights"));
  const json after = json::parse(readText(folder_ / "r.json"));
  EXPECT_EQ(after["predict"]["cycles"], before["predict"]["cycles"]);
  EXPECT_EQ(after["predict"]["events"]["host_bytes"], 0);
}

TEST_F(Streaming, ActivationsAreNotStreamed) {
  writeText(network(), "name: wide\ninputs:\n  x: [64, 256]\nlayers:\n  - gemm: {features: 8}\n");
  const Finished finished = run({"--set", "memory.capacity_mib=0.03125", "--allow-streaming"});
  EXPECT_EQ(finished.exitCode, 3);
  EXPECT_THAT(finished.err, HasSubstr("needs 67584 bytes of 'dram', which has 32768"));
  EXPECT_THAT(finished.err, HasSubstr("; nothing but weights comes over the host link"));
}

}  // namespace
}  // namespace npusim::tools
