#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/tools/process.h"

/// Networks that chip and host CPU share: right values, and nothing forgotten in the sums.
namespace npusim::tools {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kAttention = R"(name: attention
inputs:
  x: [1, 8, 32]
layers:
  - gemm: {name: before, features: 32}
  - softmax: {name: middle, axis: -1}
  - gemm: {name: after, features: 16}
)";

const std::vector<std::string> kNoExp = {"--set", "vector.ops_per_cycle.transcendental=0"};

class Fallback : public testing::Test {
 protected:
  Fallback() { writeText(network(), kAttention); }
  std::string network() const { return folder_ / "attention.yaml"; }

  Finished run(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"run", "--workload", network(), "--json", folder_ / "r.json"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), kNoExp.begin(), kNoExp.end());
    return npusim(words);
  }
  json result(const std::vector<std::string>& more) const {
    const Finished finished = run(more);
    EXPECT_EQ(finished.exitCode, 0) << finished.err;
    return json::parse(readText(folder_ / "r.json"));
  }

  TemporaryFolder folder_;
};

TEST_F(Fallback, WithoutItOneLineNamesTheOperatorAndTheWayOut) {
  const Finished finished = run({});
  EXPECT_EQ(finished.exitCode, 3);
  EXPECT_EQ(finished.err,
            "npusim: not supported: Softmax 'middle' needs exp, which the vector unit of chip "
            "'edge' does not have (vector.ops_per_cycle.transcendental is 0); npusim run "
            "--fallback cpu runs it on the host's CPU\n");
}

TEST_F(Fallback, ComputesRightValuesWithTheCpuInBetween) {
  const json r = result({"--fallback", "cpu"});
  EXPECT_TRUE(r["values"]["passed"].get<bool>());
  std::vector<std::string> machines;
  for (const json& layer : r["layers"]) machines.push_back(layer.value("machine", "npu"));
  EXPECT_EQ(machines, (std::vector<std::string>{"npu", "host link", "cpu", "host link", "npu"}));
}

TEST_F(Fallback, LayersSumToTheTotal) {
  const json r = result({"--fallback", "cpu"});
  std::int64_t cycles = 0, macs = 0;
  double cpu = 0;
  for (const json& layer : r["layers"]) {
    cycles += layer["cycles"].get<std::int64_t>();
    macs += layer["macs"].get<std::int64_t>();
    cpu += layer["energy_pj"].value("cpu", 0.0);
  }
  const json& predict = r["predict"];
  EXPECT_EQ(predict["cycles"], cycles);
  EXPECT_EQ(predict["macs"], macs);
  EXPECT_EQ(macs, 8 * 32 * 32 + 8 * 32 * 16);
  EXPECT_GT(cpu, 0);
  EXPECT_NEAR(predict["energy_pj"]["cpu"].get<double>(), cpu, cpu * 1e-9);
  double shares = predict["utilization"].get<double>();
  for (const auto& [name, share] : predict["loss"].items()) shares += share.get<double>();
  EXPECT_NEAR(shares, 1, 1e-6);
}

/// Both ways: latency and bytes over the bandwidth; and on the way back a dispatch.
TEST_F(Fallback, TransfersTakeWhatTheHostLinkTakes) {
  const json r = result({"--fallback", "cpu", "--set", "host.bandwidth_gb_per_s=1", "--set",
                         "host.latency_us=2", "--set", "host.dispatch_us=7"});
  std::vector<double> nanoseconds;
  for (const json& layer : r["layers"]) {
    if (layer.value("machine", "") != "host link") continue;
    EXPECT_EQ(layer["events"]["host_bytes"], 8 * 32 * 4);
    nanoseconds.push_back(layer["cycles"].get<double>());  // at 1 GHz
  }
  ASSERT_EQ(nanoseconds.size(), 2U);
  EXPECT_NEAR(nanoseconds[0], 2000 + 1024, 1);
  EXPECT_NEAR(nanoseconds[1], 2000 + 1024 + 7000, 1);
}

TEST_F(Fallback, ProductsInAFormatThatTheArrayLacksRunOnTheCpu) {
  const Finished finished =
      npusim({"run", "--workload", network(), "--chip", "tpu_v1", "--precision", "fp32",
              "--fallback", "cpu_haswell", "--json", folder_ / "r.json"});
  ASSERT_EQ(finished.exitCode, 0) << finished.err;
  const json r = json::parse(readText(folder_ / "r.json"));
  EXPECT_TRUE(r["values"]["passed"].get<bool>());
  for (const json& layer : r["layers"]) {
    EXPECT_EQ(layer.value("machine", "") == "cpu", layer["op"] == "Gemm") << layer["name"];
  }
}

TEST_F(Fallback, ChangesNothingWhereTheChipHasAll) {
  const std::vector<std::string> plain = {"run", "--workload", network(), "--json",
                                          folder_ / "r.json"};
  std::vector<std::string> given = plain;
  given.insert(given.end(), {"--fallback", "cpu"});
  ASSERT_EQ(npusim(plain).exitCode, 0);
  const json before = json::parse(readText(folder_ / "r.json"));
  const Finished finished = npusim(given);
  EXPECT_THAT(finished.err, HasSubstr("--fallback: the chip runs every operator"));
  EXPECT_EQ(json::parse(readText(folder_ / "r.json"))["config_hash"], before["config_hash"]);
}

TEST_F(Fallback, AProgramFileIsOfOneMachine) {
  std::vector<std::string> words = {"compile",         "--workload", network(), "-o",
                                    folder_ / "p.npu", "--fallback", "cpu"};
  const Finished whole = npusim(words);
  EXPECT_EQ(whole.exitCode, 0) << whole.err;
  EXPECT_THAT(whole.err, HasSubstr("--fallback: the chip runs every operator"));
  words.insert(words.end(), kNoExp.begin(), kNoExp.end());
  const Finished shared = npusim(words);
  EXPECT_EQ(shared.exitCode, 3);
  EXPECT_EQ(shared.err,
            "npusim: not supported: a program file for chip and CPU together, and 'middle' would "
            "run on cpu_a15; npusim run --fallback cpu_a15 runs such a network\n");
}

TEST_F(Fallback, AGpuIsNoHost) {
  const Finished finished = run({"--fallback", "gpu_a100"});
  EXPECT_EQ(finished.exitCode, 2);
  EXPECT_THAT(finished.err, HasSubstr("--fallback gpu_a100: is no CPU"));
}

TEST_F(Fallback, PricingAgainKeepsTheCpu) {
  const json r = result({"--fallback", "cpu"});
  const Finished finished = npusim({"energy", folder_ / "r.json", "--table", "28nm"});
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("host CPU"));
}

TEST_F(Fallback, WhereSaysWhatRunsWhereAndWhy) {
  std::vector<std::string> words = {"where", network(), "--json", folder_ / "w.json"};
  words.insert(words.end(), kNoExp.begin(), kNoExp.end());
  const Finished finished = npusim(words);
  ASSERT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("not on edge: middle: not supported: Softmax 'middle'"));
  EXPECT_THAT(finished.out, HasSubstr("for the whole network"));
  const json where = json::parse(readText(folder_ / "w.json"));
  ASSERT_EQ(where["operators"].size(), 3U);
  EXPECT_EQ(where["operators"][0]["machine"], "array");
  EXPECT_EQ(where["operators"][1]["machine"], "cpu");
  EXPECT_TRUE(where["operators"][1]["npu"].is_null());
  double cpu = 0;
  for (const json& one : where["operators"]) cpu += one["references"][0]["time_s"].get<double>();
  EXPECT_NEAR(where["machines"][1]["time_s"].get<double>(), cpu, cpu * 1e-9);
}

TEST_F(Fallback, WhereSaysThatANetworkDoesNotFit) {
  const Finished finished = npusim(
      {"where", network(), "--set", "memory.capacity_mib=1", "--set", "buffer.capacity_kib=1"});
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("not on edge: "));
  EXPECT_THAT(finished.out, HasSubstr("edge for 0 operators"));
}

}  // namespace
}  // namespace npusim::tools
