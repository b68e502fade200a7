#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/isa/program_io.h"
#include "tests/tools/process.h"
#include "workloads/evaluate/npy.h"

namespace npusim::tools {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

const std::string kData =
    NPUSIM_SOURCE_DIR "/tests/models/reference/blazeface_front/test_data_set_0";

/// The result of `npusim` with these words and --json, which must end with exit code 0.
Json resultOf(std::vector<std::string> words) {
  const TemporaryFolder folder;
  words.insert(words.end(), {"--json", folder / "r.json"});
  const Finished finished = npusim(words);
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  EXPECT_EQ(finished.err, "");
  return Json::parse(readText(folder / "r.json"), nullptr, false);
}

/// Without what differs from one process to the next.
Json withoutWall(Json result) {
  result.erase("simulation");
  return result;
}

TEST(Run, DefaultNetworkIsRightAndAccountedFor) {
  const Json result = resultOf({"run"});
  ASSERT_TRUE(result.is_object());
  EXPECT_EQ(result["workload"], "blazeface_front");
  EXPECT_EQ(result["chip"], "edge");
  EXPECT_EQ(result["precision"], "fp32");
  EXPECT_EQ(result["values"]["checked_against"], "evaluate");
  EXPECT_TRUE(result["values"]["passed"].get<bool>());
  EXPECT_EQ(result["references"].size(), 2u);

  std::int64_t cycles = 0, macs = 0;
  double energy = 0;
  for (const Json& layer : result["layers"]) {
    cycles += layer["cycles"].get<std::int64_t>();
    macs += layer["macs"].get<std::int64_t>();
    for (const Json& part : layer["energy_pj"]) energy += part.get<double>();
  }
  const Json& predict = result["predict"];
  EXPECT_EQ(predict["cycles"], cycles);
  EXPECT_EQ(predict["macs"], macs);
  EXPECT_NEAR(predict["energy_j"].get<double>(), energy * 1e-12, 1e-9 * energy * 1e-12);
  double shares = predict["utilization"].get<double>();
  for (const Json& share : predict["loss"]) shares += share.get<double>();
  EXPECT_NEAR(shares, 1, 1e-9);
  EXPECT_GT(result["load"]["bytes"], 0);
  EXPECT_GT(result["load"]["energy_j"], 0);
  EXPECT_GT(result["io"]["energy_j"], 0);
  EXPECT_GT(result["area_mm2"]["total"], 0);
}

TEST(Run, RepeatsExactly) {
  const std::vector<std::string> words = {"run", "--precision", "fp16"};
  EXPECT_EQ(withoutWall(resultOf(words)), withoutWall(resultOf(words)));
}

TEST(Run, ValuesOffTakesTheSameTime) {
  const Json on = resultOf({"run"});
  const Json off = resultOf({"run", "--values", "off"});
  EXPECT_EQ(off["predict"]["cycles"], on["predict"]["cycles"]);
  EXPECT_EQ(off["predict"]["traffic_bytes"], on["predict"]["traffic_bytes"]);
  EXPECT_FALSE(off["values"]["computed"].get<bool>());
}

TEST(Run, MeetsTheDataSet) {
  const Json result = resultOf({"run", "--data", kData});
  EXPECT_EQ(result["values"]["checked_against"], "data set");
  EXPECT_TRUE(result["values"]["passed"].get<bool>());
}

TEST(Run, EveryFormatOfTheChipPasses) {
  for (const std::string precision : {"fp32", "fp16", "int8"}) {
    std::vector<std::string> words = {"run", "--precision", precision, "--data", kData};
    if (precision == "int8") words.insert(words.end(), {"--calibrate", kData});
    const Json result = resultOf(words);
    EXPECT_EQ(result["precision"], precision);
    EXPECT_TRUE(result["values"]["passed"].get<bool>()) << result["values"]["detail"];
  }
}

TEST(Run, FailedCheckStillWritesTheResult) {
  const TemporaryFolder folder;
  const Finished finished =
      npusim({"run", "--data", kData, "--tolerance", "0", "--precision", "fp16", "--json",
              folder / "r.json", "--csv", folder / "r.csv"});
  EXPECT_EQ(finished.exitCode, 1);
  EXPECT_THAT(finished.err, HasSubstr("npusim: the computed values failed their check"));
  EXPECT_THAT(finished.out, HasSubstr("FAILED: fp16 is "));
  EXPECT_THAT(finished.err, testing::Not(HasSubstr("fp16 is "))) << "told twice";
  EXPECT_THAT(folder.contents(), testing::ElementsAre("r.csv", "r.json"));
  EXPECT_FALSE(Json::parse(readText(folder / "r.json"))["values"]["passed"].get<bool>());
}

TEST(Run, HashesTellRunsApart) {
  const std::vector<std::string> base = {"gemm", "16", "16", "16"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), base.begin(), base.end());
    return resultOf(more);
  };
  const Json plain = with({});
  EXPECT_EQ(with({})["config_hash"], plain["config_hash"]);
  EXPECT_NE(with({"--seed", "2"})["config_hash"], plain["config_hash"]);
  EXPECT_EQ(with({"--seed", "2"})["chip_hash"], plain["chip_hash"]);
  EXPECT_NE(with({"--precision", "int8"})["config_hash"], plain["config_hash"]);
  EXPECT_NE(with({"--values", "off"})["config_hash"], plain["config_hash"]);
  EXPECT_NE(with({"--objective", "energy"})["config_hash"], plain["config_hash"]);
  EXPECT_NE(with({"--memory", "ideal"})["config_hash"], plain["config_hash"]);
  EXPECT_NE(with({"--set", "array.rows=8"})["chip_hash"], plain["chip_hash"]);
  EXPECT_NE(with({"--set", "array.rows=8"})["config_hash"], plain["config_hash"]);
  EXPECT_EQ(with({"--reference", "none"})["config_hash"], plain["config_hash"]);
}

TEST(Run, LastOfManyPredictionsCounts) {
  const Json result = resultOf({"gemm", "64", "64", "64", "--repeat", "3"});
  EXPECT_EQ(result["repeat"], 3);
  EXPECT_GT(result["predict"]["first_call_cycles"], 0);
}

TEST(Run, HostReferenceIsMeasured) {
  const Json result = resultOf({"run", "--reference", "host"});
  ASSERT_EQ(result["references"].size(), 1u);
  EXPECT_EQ(result["references"][0]["name"], "host");
  EXPECT_GT(result["references"][0]["speedup"], 0);
  EXPECT_TRUE(result["references"][0]["energy_j"].is_null());
}

TEST(Outputs, AreWrittenByName) {
  const TemporaryFolder folder;
  ASSERT_EQ(npusim({"gemm", "3", "5", "7", "--outputs", folder / "out"}).exitCode, 0);
  EXPECT_EQ(readNpy(folder / "out/output.npy").shape(), (Shape{3, 5}));
  ASSERT_EQ(npusim({"conv", "--input", "1,3,8,8", "--kernel", "4,3,3", "--pad", "1", "--stride",
                    "2", "--outputs", folder / "conv"})
                .exitCode,
            0);
  EXPECT_EQ(readNpy(folder / "conv/output.npy").shape(), (Shape{1, 4, 4, 4}));
}

TEST(Inputs, AreTakenFromFiles) {
  const TemporaryFolder folder;
  const std::string made = folder / "made", given = folder / "given";
  ASSERT_EQ(npusim({"run", "--outputs", made}).exitCode, 0);
  ASSERT_EQ(
      npusim({"run", "--input", "input:0=" + kData + "/input_0.pb", "--outputs", given}).exitCode,
      0);
  for (const auto& entry : std::filesystem::directory_iterator(made)) {
    const std::string name = entry.path().filename();
    EXPECT_NE(readText(entry.path()), readText(given + "/" + name)) << name;
  }
}

TEST(Program, ExecutesAsTheNetworkDoes) {
  const TemporaryFolder folder;
  const std::string program = folder / "p.npu";
  ASSERT_EQ(npusim({"compile", "-o", program, "--set", "array.rows=16"}).exitCode, 0);
  const Json network = resultOf({"run", "--set", "array.rows=16", "--outputs", folder / "run"});
  const Json executed = resultOf({"exec", program, "--outputs", folder / "exec"});
  for (const char* part :
       {"predict", "load", "io", "layers", "references", "chip_hash", "area_mm2"}) {
    EXPECT_EQ(executed[part], network[part]) << part;
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder / "run")) {
    const std::string name = entry.path().filename();
    EXPECT_EQ(readText(folder / "exec/" + name), readText(entry.path())) << name;
  }
}

TEST(Program, ForAnotherChipIsRefused) {
  const TemporaryFolder folder;
  ASSERT_EQ(npusim({"compile", "-o", folder / "p.npu"}).exitCode, 0);
  isa::Program program = isa::read(folder / "p.npu");
  program.chipHash = "0123456789abcdef";
  isa::write(program, folder / "p.npu");
  const Finished refused = npusim({"exec", folder / "p.npu"});
  EXPECT_EQ(refused.exitCode, 2);
  EXPECT_THAT(refused.err, HasSubstr("the program is for chip 0123456789abcdef, but the chip in"));
}

TEST(Program, WithoutValuesRunsWithoutThem) {
  const TemporaryFolder folder;
  ASSERT_EQ(npusim({"compile", "-o", folder / "p.npu", "--values", "off"}).exitCode, 0);
  const Json executed = resultOf({"exec", folder / "p.npu"});
  EXPECT_FALSE(executed["values"]["computed"].get<bool>());
  EXPECT_EQ(executed["predict"]["cycles"],
            resultOf({"run", "--values", "off"})["predict"]["cycles"]);
}

TEST(Program, WithoutValuesRefusesWhatNeedsThem) {
  const TemporaryFolder folder;
  const std::string program = folder / "p.npu";
  ASSERT_EQ(npusim({"compile", "-o", program, "--values", "off"}).exitCode, 0);
  const std::vector<std::vector<std::string>> wrong = {
      {"--values", "on"}, {"--seed", "2"}, {"--data", kData}, {"--outputs", folder / "out"}};
  for (const std::vector<std::string>& options : wrong) {
    std::vector<std::string> words = {"exec", program};
    words.insert(words.end(), options.begin(), options.end());
    const Finished refused = npusim(words);
    EXPECT_EQ(refused.exitCode, 2) << options[0];
    EXPECT_THAT(refused.err, HasSubstr(options[0]));
    EXPECT_THAT(refused.err, HasSubstr("compile it again without --values off"));
  }
}

TEST(Program, PrintsAsText) {
  const TemporaryFolder folder;
  ASSERT_EQ(npusim({"compile", "-o", folder / "p.npu"}).exitCode, 0);
  const Finished text = npusim({"disasm", folder / "p.npu"});
  EXPECT_EQ(text.exitCode, 0);
  EXPECT_THAT(text.out, HasSubstr("network blazeface_front"));
  EXPECT_THAT(text.out, HasSubstr("queue matrix"));
}

TEST(Energy, PricesASavedResultAgain) {
  const TemporaryFolder folder;
  const std::string first = folder / "1.json", again = folder / "2.json", old = folder / "3.json";
  ASSERT_EQ(npusim({"run", "--json", first}).exitCode, 0);
  ASSERT_EQ(npusim({"energy", first, "--table", "7nm", "--json", again}).exitCode, 0);
  EXPECT_EQ(readText(again), readText(first));
  ASSERT_EQ(npusim({"energy", first, "--table", "45nm", "--json", old}).exitCode, 0);
  const Json now = Json::parse(readText(first)), then = Json::parse(readText(old));
  EXPECT_GT(then["predict"]["energy_pj"]["mac"], now["predict"]["energy_pj"]["mac"]);
  EXPECT_EQ(then["predict"]["cycles"], now["predict"]["cycles"]);
}

TEST(Energy, TellsNoTimeOfASimulationThatDidNotRun) {
  const TemporaryFolder folder;
  const Finished ran = npusim({"gemm", "8", "8", "8", "--json", folder / "r.json"});
  EXPECT_THAT(ran.out, HasSubstr("\nsimulation  "));
  const Finished priced = npusim({"energy", folder / "r.json", "--table", "45nm"});
  EXPECT_EQ(priced.exitCode, 0) << priced.err;
  EXPECT_THAT(priced.out, HasSubstr("table 45nm"));
  EXPECT_THAT(priced.out, testing::Not(HasSubstr("simulation")));
}

TEST(PowerLimit, AllFiguresAreOfARunAtTheThrottledClock) {
  const auto figures = [](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"run", "--values", "off"};
    words.insert(words.end(), more.begin(), more.end());
    return resultOf(words);
  };
  const std::vector<std::string> settings = {"--set", "power.limit_w=0.5", "--set",
                                             "power.throttled_clock_mhz=500"};
  const Json full = figures({})["predict"], limited = figures(settings);
  const Json& predict = limited["predict"];
  EXPECT_EQ(limited["machine"]["throttled_clock_mhz"], 500);
  const auto cycles = predict["cycles"].get<double>(), seconds = predict["time_s"].get<double>();
  EXPECT_LT(cycles, 0.9 * full["cycles"].get<double>()) << "memory takes fewer of longer cycles";
  EXPECT_DOUBLE_EQ(seconds, cycles / 500e6);
  EXPECT_EQ(predict["traffic_bytes"], full["traffic_bytes"]) << "the same program";
  EXPECT_GT(predict["energy_pj"]["dram"], full["energy_pj"]["dram"]) << "standby takes longer";
  const Json& dram = predict["memories"][0];
  const double bytes = dram["bytes"]["read"].get<double>() + dram["bytes"]["write"].get<double>();
  const double share = bytes / seconds / 12.8e9;
  EXPECT_NEAR(predict["dram"]["bandwidth_utilization"], share, 1e-9);
  EXPECT_NEAR(dram["bandwidth_utilization"], share, 1e-9);
  EXPECT_DOUBLE_EQ(predict["average_power_w"], predict["energy_j"].get<double>() / seconds);
}

TEST(PowerLimit, WithoutAThrottledClockOneThatKeepsItIsFound) {
  const Json result = resultOf({"run", "--values", "off", "--set", "power.limit_w=0.5"});
  EXPECT_LE(result["predict"]["average_power_w"], 0.5);
  EXPECT_GE(result["predict"]["average_power_w"], 0.99 * 0.5);
  EXPECT_GT(result["machine"]["throttled_clock_mhz"], 0);
  const Finished impossible = npusim({"run", "--values", "off", "--set", "power.limit_w=0.15"});
  EXPECT_EQ(impossible.exitCode, 3);
  EXPECT_THAT(impossible.err, HasSubstr("npusim: power.limit_w: predict still takes 0.1"));
}

TEST(PowerLimit, IsKeptByProgramsAndWithValues) {
  const TemporaryFolder folder;
  const std::vector<std::string> settings = {"--set", "power.limit_w=0.5", "--set",
                                             "power.throttled_clock_mhz=500"};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), settings.begin(), settings.end());
    return words;
  };
  ASSERT_EQ(npusim(with({"compile", "-o", folder / "p.npu"})).exitCode, 0);
  const Json executed = resultOf({"exec", folder / "p.npu"}), ran = resultOf(with({"run"}));
  EXPECT_EQ(executed["machine"]["throttled_clock_mhz"], 500);
  EXPECT_EQ(executed["predict"], ran["predict"]);
  EXPECT_TRUE(ran["values"]["passed"].get<bool>());
}

TEST(PowerLimit, IsToldWhenEvenTheThrottledClockDoesNotKeepIt) {
  const auto limited = [](const std::string& watts) {
    return npusim({"run", "--values", "off", "--set", "power.limit_w=" + watts, "--set",
                   "power.throttled_clock_mhz=250"});
  };
  const Finished kept = limited("0.5");
  EXPECT_THAT(kept.out, HasSubstr(" at 250 MHz, throttled from 1000 MHz "));
  EXPECT_THAT(kept.out, testing::Not(HasSubstr("power limit")));
  const Finished above = limited("0.2");
  EXPECT_EQ(above.exitCode, 0) << above.err;
  EXPECT_THAT(above.out, HasSubstr("\nstill ABOVE its power limit: predict takes 0.4"));
  EXPECT_THAT(above.out, HasSubstr(" W, the limit is 0.2 W; try --set power.limit_w=0.4"));
}

TEST(PowerLimit, IsNotAppliedAnewToASavedResult) {
  const TemporaryFolder folder;
  const std::string saved = folder / "r.json", again = folder / "again.json";
  ASSERT_EQ(npusim({"run", "--values", "off", "--set", "power.limit_w=0.5", "--set",
                    "power.throttled_clock_mhz=250", "--json", saved})
                .exitCode,
            0);
  const Finished priced = npusim({"energy", saved, "--table", "7nm", "--json", again});
  EXPECT_THAT(priced.err, HasSubstr("npusim: note: the limit of 0.5 W is not applied anew, since "
                                    "nothing runs: the clock stays the saved run's 250 MHz"));
  EXPECT_EQ(readText(again), readText(saved));
}

/// Two memories of which one holds what runs through it.
TEST(Memories, OneThatNothingUsesIsNoted) {
  const auto withCache = [](const std::string& holds) {
    return npusim({"run", "--values", "off", "--set",
                   "memories=[{name: l3, kind: sram, holds: [" + holds +
                       "], capacity_mib: 1, bandwidth_gb_per_s: 50, energy_pj_per_bit: 1}]"});
  };
  EXPECT_THAT(withCache("weights").err,
              HasSubstr("npusim: note: memory 'l3' moves nothing in a predict: "));
}

TEST(DramTrace, IsOfTheFirstDram) {
  const TemporaryFolder folder;
  const std::string trace = folder / "t.txt", result = folder / "r.json";
  const Finished ran = npusim({"run", "--chip", "ane_a15", "--precision", "fp16", "--values", "off",
                               "--dram-trace", trace, "--json", result});
  EXPECT_EQ(ran.exitCode, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("npusim: note: --dram-trace: of memory 'dram'\n"));
  const Json dram = Json::parse(readText(result))["predict"]["memories"][1];
  const std::string lines = readText(trace);
  const auto requests = std::count(lines.begin(), lines.end(), '\n') - 1;  // less the comment
  const auto read = dram["bytes"]["read"].get<double>();
  EXPECT_GT(read, 0);
  EXPECT_NEAR(64.0 * static_cast<double>(requests), read, 0.01 * read) << "it only reads weights";
}

}  // namespace
}  // namespace npusim::tools
