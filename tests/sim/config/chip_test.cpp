#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sim/config/load_config.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kChip = R"(name: small
formats: [int8]
array:
  macs_per_cycle: {int8: 1}
buffer:
  holds: [weights, activations, accumulators]
  capacity_kib: 64
memory: none
)";

/// A folder of its own for each test, removed afterwards.
class ChipFiles : public testing::Test {
 protected:
  ChipFiles() { std::filesystem::create_directories(folder_); }
  ~ChipFiles() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                  testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST(Chip, AbsentKeysHaveTheDefaultsOfTheStructs) {
  const ChipConfig chip = parseChip(kChip, "c.yaml");
  const ChipConfig defaults;
  EXPECT_EQ(chip.clockMhz, defaults.clockMhz);
  EXPECT_EQ(chip.array.rows, 32);
  EXPECT_EQ(chip.array.dataflow.name, "weight_stationary");
  EXPECT_EQ(chip.array.convention, Convention::Overlapped);
  EXPECT_TRUE(chip.array.doubleBufferedWeights);
  EXPECT_EQ(chip.buffers.front().name, "buffer");
  EXPECT_EQ(chip.buffers.front().banks, 16);
  EXPECT_EQ(chip.vector.opsPerCycle, defaults.vector.opsPerCycle);
  EXPECT_EQ(chip.dma.outstandingBursts, 64);
  EXPECT_EQ(chip.host.dispatchUs, defaults.host.dispatchUs);
  EXPECT_TRUE(chip.memories.empty());
}

TEST(Chip, ValuesMayCarryNotes) {
  const ChipConfig chip = parseChip(
      "name: {value: n, source: s}\nformats: {value: [int8], assumed: a}\nsource: all\n"
      "array: {rows: {value: 4, fitted: f}, macs_per_cycle: {int8: 2, source: s}, scaled: x}\n"
      "buffer: {holds: [weights, activations, accumulators], capacity_kib: {value: 0.5, source: "
      "s}}\nmemory: none\n",
      "c.yaml");
  EXPECT_EQ(chip.name, "n");
  EXPECT_EQ(chip.array.rows, 4);
  EXPECT_EQ(chip.buffers.front().capacityBytes, 512);
  EXPECT_EQ(chip.peakMacsPerCycle(DataType::Int8), 4 * 32 * 2);
}

TEST(Chip, RatesBelowOneAreExactParts) {
  const ChipConfig chip = loadChip("edge", {{"array.macs_per_cycle.fp32", "0.333"}});
  EXPECT_EQ(chip.array.macsPerCycle.at(DataType::Float32), 1.0 / 3);
}

TEST(Chip, OverridesReachEveryLevel) {
  const ChipConfig chip = loadChip("edge", {{"clock_mhz", "700"},
                                            {"array.rows", "64"},
                                            {"array.dataflow", "output_stationary"},
                                            {"buffer.capacity_kib", "256"},
                                            {"buffers.1.capacity_kib", "96"},
                                            {"buffers.accumulators.banks", "8"},
                                            {"memory.channels", "4"},
                                            {"memory.preset", "ddr4_2400"},
                                            {"memory.timing.CL", "18"},
                                            {"vector.ops_per_cycle.divide", "0.5"},
                                            {"power.limit_w", "3"},
                                            {"power.throttled_clock_mhz", "500"}});
  EXPECT_EQ(chip.clockMhz, 700);
  EXPECT_EQ(chip.array.rows, 64);
  EXPECT_EQ(chip.array.dataflow.name, "output_stationary");
  EXPECT_EQ(chip.buffers[0].capacityBytes, 256 * 1024);
  EXPECT_EQ(chip.buffers[1].capacityBytes, 96 * 1024);
  EXPECT_EQ(chip.buffers[1].banks, 8);
  EXPECT_EQ(chip.memories[0].preset, "ddr4_2400");
  EXPECT_EQ(chip.memories[0].channels, 4);
  EXPECT_EQ(chip.memories[0].capacityBytes, std::int64_t{32} << 30);
  EXPECT_EQ(chip.memories[0].timing.CL, 18);
  EXPECT_EQ(chip.memories[0].timing.RCD, 17);
  EXPECT_EQ(chip.vector.opsPerCycle[1], 0.5);
  EXPECT_EQ(chip.power.throttledClockMhz, 500);
}

TEST(Chip, OverridesTakeListsSectionsAndNone) {
  const ChipConfig chip =
      loadChip("edge", {{"formats", "[int8, fp16]"}, {"memory", "{channels: 1, ranks: 2}"}});
  EXPECT_THAT(chip.formats, ElementsAre(DataType::Int8, DataType::Float16));
  EXPECT_EQ(chip.array.macsPerCycle.count(DataType::Float32), 0u);
  EXPECT_EQ(chip.memories[0].capacityBytes, std::int64_t{2} << 30);
  EXPECT_TRUE(loadChip("edge", {{"memory", "none"}}).memories.empty());
}

TEST(Chip, AnOptionMayMakeAnInheritedKeyIdle) {
  const ChipConfig chip = loadChip("tpu_v1", {{"array.convention", "scale_sim"}});
  EXPECT_EQ(chip.array.convention, Convention::ScaleSim);
  EXPECT_THROW(loadChip("tpu_v1", {{"array.convention", "scale_sim"},
                                   {"array.double_buffered_weights", "false"}}),
               BadInput);
}

TEST_F(ChipFiles, ABaseIsInheritedAndChanged) {
  const std::string mine = write(
      "mine.yaml", "base: edge\nname: mine\narray: {cols: 64}\nmemory: {preset: lpddr5_6400}\n");
  const std::string grandchild = write("grandchild.yaml", "base: mine.yaml\nclock_mhz: 900\n");
  const ChipConfig chip = loadChip(grandchild, {{"array.rows", "16"}});
  EXPECT_EQ(chip.name, "mine");
  EXPECT_EQ(chip.array.rows, 16);
  EXPECT_EQ(chip.array.cols, 64);
  EXPECT_EQ(chip.clockMhz, 900);
  EXPECT_EQ(chip.memories[0].preset, "lpddr5_6400");
  EXPECT_EQ(chip.memories[0].channels, 2);
  EXPECT_EQ(loadChip(mine, {}).array.rows, 32);
}

TEST_F(ChipFiles, ErrorsNameTheFileOfTheChainThatIsWrong) {
  const std::string lower = write("lower.yaml", "base: edge\narray: {cols: -1}\n");
  const std::string upper = write("upper.yaml", "base: lower.yaml\n");
  try {
    loadChip(upper, {});
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_EQ(std::string(error.what()),
              lower + ":2:15: array.cols: is '-1', must be a whole number from 1 to 4096");
  }
}

TEST_F(ChipFiles, ABaseThatLeadsBackIsRefused) {
  const std::string loop = write("loop.yaml", "base: loop.yaml\n");
  try {
    loadChip(loop, {});
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("base: the chain of bases is longer than 8 files"));
  }
}

TEST_F(ChipFiles, FilesAreSoughtBesideTheFileThatNamesThem) {
  write("slow.yaml",
        "source: s\nbank_groups: 1\nbanks_per_group: 8\nrow_bytes: 2048\nrank_mib: 64\n"
        "energy_pj_per_bit: 5\ntiming: {clock_mhz: 100, burst_length: 8, data_rate: 1, "
        "bus_bits: 16, CL: 3, CWL: 1, RCD: 3, RP: 3, RAS: 6, RC: 9, RRD_S: 2, RRD_L: 2, "
        "FAW: 0, CCD_S: 8, CCD_L: 8, WTR_S: 2, WTR_L: 2, WR: 2, RTP: 2, RFC: 8, REFI: "
        "780}\n");
  const std::string chip =
      write("chip.yaml", "base: edge\nmemory: {preset: slow.yaml}\nenergy: own.yaml\n");
  const ChipConfig read = loadChip(chip, {});
  EXPECT_DOUBLE_EQ(read.memories[0].peakBytesPerSecond(), 2 * 200e6);
  EXPECT_EQ(read.energy, (folder_ / "own.yaml").string());
  EXPECT_EQ(loadMemory((folder_ / "slow.yaml").string()).capacityBytes, 64 << 20);
}

TEST_F(ChipFiles, EnergyTablesMayLieOnAnother) {
  const std::string path =
      write("own.yaml", "base: 7nm\nname: own\nnetwork_pj_per_byte_hop: {value: 3, source: s}\n");
  const EnergyTable own = loadEnergyTable(path), base = loadEnergyTable("7nm");
  EXPECT_EQ(own.name, "own");
  EXPECT_EQ(own.networkPjPerByteHop, 3);
  EXPECT_NE(base.networkPjPerByteHop, 3);
  EXPECT_EQ(own.macPj, base.macPj);
  EXPECT_EQ(own.buffer.size(), base.buffer.size());
}

/// The message of reading `text` as an energy table.
std::string tableMessage(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  try {
    loadEnergyTable(path);
    return "no error";
  } catch (const BadInput& error) {
    const std::string message = error.what();
    return message.substr(0, path.size()) == path ? message.substr(path.size()) : message;
  }
}

TEST_F(ChipFiles, EnergyTablesNeedPointsInRisingOrder) {
  const std::string path = (folder_ / "own.yaml").string();
  const std::string head =
      "name: own\nnode_nm: 5\nmac_pj: {int8: 1}\nmac_area_um2: {int8: 1}\n"
      "local_store_um2_per_byte: 1\nbuffer_um2_per_byte: 1\narray_hop_pj_per_byte: 1\n"
      "vector_simple_pj: 1\nvector_divide_pj: 1\nvector_transcendental_pj: 1\n"
      "vector_lane_um2: 1\nnetwork_pj_per_byte_hop: 1\n";
  const std::string small = "{capacity_bytes: 4, read_pj_per_byte: 1, write_pj_per_byte: 1}";
  const std::string large = "{capacity_bytes: 8, read_pj_per_byte: 2, write_pj_per_byte: 2}";
  const std::string rising = "[" + small + ", " + large + "]";
  EXPECT_EQ(tableMessage(path, head + "local_store: " + rising + "\nbuffer: " + rising + "\n"),
            "no error");
  EXPECT_EQ(tableMessage(path, head + "local_store: " + rising + "\nbuffer: [" + large + "]\n"),
            ":14:9: buffer: has fewer than two capacities, must have two or more to interpolate");
  EXPECT_EQ(
      tableMessage(path,
                   head + "local_store: " + rising + "\nbuffer: [" + large + ", " + small + "]\n"),
      ":14:74: buffer.2.capacity_bytes: is not larger than the one before, list capacities in "
      "rising order");
  EXPECT_EQ(tableMessage(path, head + "local_store: " + small + "\n"),
            ":13:14: local_store: is a section, must be a list of sections");
  EXPECT_EQ(tableMessage(path, "node_nm: 5\n"),
            ":1:1: name: is missing, must be a text on one line");
}

TEST(Chip, NoneStandsAlone) {
  try {
    parseChip(std::string(kChip) + "memories: [{preset: hbm2}]\n", "c.yaml");
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(),
                 "c.yaml:9:1: memories: stands beside 'memory: none', must be left out");
  }
}

}  // namespace
}  // namespace npusim
