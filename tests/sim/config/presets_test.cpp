#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "sim/config/config_files.h"
#include "sim/config/load_config.h"
#include "sim/config/yaml_notes.h"
#include "sim/config/yaml_section.h"
#include "sim/core/embedded.h"

namespace npusim {
namespace {

using testing::Contains;
using testing::DoubleNear;
using testing::ElementsAre;

/// Paths of plain numbers that no source, assumed, scaled or fitted covers.
void collectUncovered(const YamlNode& node, const std::string& path, bool covered,
                      std::vector<std::string>& found) {
  covered = covered || !node.note.empty();
  static const std::regex kNumber(R"([-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?)");
  if (!covered && !node.quoted && std::regex_match(node.text, kNumber)) found.push_back(path);
  for (const YamlNode& child : node.children) {
    collectUncovered(child, path + "." + child.key, covered, found);
  }
}

std::vector<std::string> uncovered(const YamlNode& tree) {
  std::vector<std::string> found;
  collectUncovered(tree, "", false, found);
  return found;
}

TEST(Presets, EveryFigureSaysWhereItComesFrom) {
  const std::vector<std::string> files = embeddedFiles("configs/");
  ASSERT_GE(files.size(), 20u);
  for (const std::string& file : files) {
    const YamlNode tree = parseNotedYaml(std::string(*embeddedFile(file)), file);
    EXPECT_THAT(uncovered(tree), ElementsAre()) << file;
  }
}

TEST(Presets, TheCheckOfSourcesSeesBareFigures) {
  const YamlNode tree = parseNotedYaml(
      "a: 3\nb: {value: 4, source: \"x\"}\nc:\n  assumed: why\n  d: 5\ne:\n  - 6\n  - {value: 7, "
      "fitted: rows}\nf: word\n",
      "x.yaml");
  EXPECT_THAT(uncovered(tree), ElementsAre(".a", ".e."));
}

TEST(Presets, NamesAreListedSorted) {
  EXPECT_THAT(presetNames("chips"),
              ElementsAre("ane", "ane_a11", "ane_a12", "ane_a13", "ane_a14", "ane_a15", "edge",
                          "eyeriss", "graphcore_gc200", "nvdla_full", "nvdla_large", "tesla_d1",
                          "tpu_like", "tpu_v1"));
  EXPECT_THAT(presetNames("energy"),
              ElementsAre("28nm", "45nm", "5nm", "65nm", "7nm", "7nm_exchange"));
  EXPECT_THAT(presetNames("references"), ElementsAre("cpu_a15", "cpu_haswell", "gpu_a100"));
  EXPECT_THAT(presetNames("memories"), Contains("ddr4_2400"));
  EXPECT_TRUE(presetNames("nothing").empty());
}

TEST(Presets, Edge) {
  const ChipConfig chip = loadChip("edge", {});
  EXPECT_THAT(chip.formats, ElementsAre(DataType::Float32, DataType::Float16, DataType::Int8));
  EXPECT_EQ(chip.peakMacsPerCycle(DataType::Int8), 1024);
  EXPECT_EQ(chip.peakMacsPerCycle(DataType::Float32), 256);
  EXPECT_EQ(chip.peakMacsPerCycle(DataType::BFloat16), 0);
  ASSERT_EQ(chip.buffers.size(), 2u);
  EXPECT_EQ(chip.buffers[0].capacityBytes, 512 * 1024);
  EXPECT_TRUE(chip.buffers[0].holdsKind(Holds::Weights));
  EXPECT_FALSE(chip.buffers[0].holdsKind(Holds::Accumulators));
  EXPECT_EQ(chip.buffers[1].name, "accumulators");
  ASSERT_EQ(chip.memories.size(), 1u);
  EXPECT_EQ(chip.memories[0].capacityBytes, std::int64_t{2} << 30);
  EXPECT_DOUBLE_EQ(chip.memories[0].peakBytesPerSecond(), 12.8e9);
  EXPECT_EQ(chip.energy, "7nm");
  EXPECT_FALSE(chip.idealMemory);
}

TEST(Presets, TpuV1ReachesItsPublishedPeaks) {
  const ChipConfig chip = loadChip("tpu_v1", {});
  const double tops = 2 * chip.peakMacsPerCycle(DataType::Int8) * chip.clockMhz * 1e6 / 1e12;
  EXPECT_THAT(tops, DoubleNear(92, 0.5));
  ASSERT_EQ(chip.memories.size(), 1u);
  EXPECT_THAT(chip.memories[0].peakBytesPerSecond() / 1e9, DoubleNear(34, 0.2));
  EXPECT_EQ(chip.memories[0].capacityBytes, std::int64_t{8} << 30);
  EXPECT_THAT(chip.memories[0].holds, ElementsAre(Holds::Weights));
  ASSERT_EQ(chip.buffers.size(), 3u);
  const std::int64_t onChip = chip.buffers[0].capacityBytes + chip.buffers[2].capacityBytes;
  EXPECT_EQ(onChip, std::int64_t{28} << 20);
  EXPECT_EQ(chip.buffers[1].capacityBytes, 4 * 64 * 1024);
  EXPECT_EQ(chip.power.idleW, 28);
}

TEST(Presets, EyerissAndNvdlaReachTheirPublishedPeaks) {
  const ChipConfig eyeriss = loadChip("eyeriss", {});
  EXPECT_DOUBLE_EQ(eyeriss.peakMacsPerCycle(DataType::Float16) * eyeriss.clockMhz, 33600);
  EXPECT_EQ(eyeriss.array.partialSumBytes, 2);
  EXPECT_EQ(eyeriss.memories.at(0).compression, Compression::RunLength);
  EXPECT_DOUBLE_EQ(eyeriss.memories.at(0).peakBytesPerSecond(), 480e6);
  EXPECT_EQ(eyeriss.buffers.at(0).capacityBytes + eyeriss.buffers.at(1).capacityBytes, 108 * 1024);
  const ChipConfig nvdla = loadChip("nvdla_large", {});
  EXPECT_EQ(nvdla.peakMacsPerCycle(DataType::Int8), 2048);
  EXPECT_EQ(nvdla.buffers.at(0).capacityBytes, 512 * 1024);
  EXPECT_NEAR(nvdla.memories.at(0).peakBytesPerSecond(), 20e9, 1e9);
  const ChipConfig full = loadChip("nvdla_full", {});
  EXPECT_EQ(full.peakMacsPerCycle(DataType::Int16), 1024);
  EXPECT_EQ(full.peakMacsPerCycle(DataType::Float16), 1024);
  EXPECT_EQ(full.peakMacsPerCycle(DataType::Int8), 2048);
}

double teraOperations(const ChipConfig& chip, DataType format) {
  return 2 * chip.peakMacsPerCycle(format) * chip.clockMhz * 1e6 / 1e12;
}

TEST(Presets, ChipsOfManyCoresReachTheirPublishedPeaks) {
  const ChipConfig d1 = loadChip("tesla_d1", {});
  EXPECT_EQ(d1.cores, 354);
  EXPECT_NEAR(teraOperations(d1, DataType::BFloat16), 362, 1);
  EXPECT_NEAR(teraOperations(d1, DataType::Float32), 22.6, 0.1);
  const ChipConfig ipu = loadChip("graphcore_gc200", {});
  EXPECT_EQ(ipu.cores, 1472);
  EXPECT_NEAR(teraOperations(ipu, DataType::Float16), 250, 1);
  EXPECT_NEAR(teraOperations(ipu, DataType::Float32), 62.5, 0.2);
  const std::pair<const char*, double> engines[] = {
      {"ane_a11", 0.6}, {"ane_a12", 5}, {"ane_a13", 6}, {"ane_a14", 11}, {"ane_a15", 15.8}};
  for (const auto& [name, tops] : engines) {
    EXPECT_NEAR(teraOperations(loadChip(name, {}), DataType::Float16), tops, 0.01 * tops) << name;
  }
}

/// The timing that the reference runs of three DRAM simulators share, in the order of the columns.
TEST(Presets, MatchedMemoriesHaveExactlyTheMatchedTiming) {
  struct Row {
    const char* name;
    double gbPerS;
    std::vector<std::int64_t> cycles;
  };
  const Row rows[] = {
      {"ddr3_1600", 12.8, {11, 8, 11, 11, 28, 39, 5, 5, 24, 4, 4, 6, 6, 12, 6, 208, 6240}},
      {"ddr4_2400", 19.2, {17, 12, 17, 17, 39, 56, 4, 6, 26, 4, 6, 3, 9, 18, 9, 420, 9360}},
      {"lpddr4_3200", 6.4, {28, 14, 29, 29, 68, 97, 16, 16, 64, 8, 8, 16, 16, 29, 12, 448, 6246}},
      {"hbm2", 16, {14, 5, 14, 14, 34, 48, 4, 4, 15, 2, 4, 6, 8, 16, 5, 350, 3900}},
      {"lpddr5_6400", 12.8, {17, 9, 15, 15, 34, 49, 4, 4, 16, 2, 4, 5, 10, 28, 8, 168, 3125}},
  };
  for (const Row& row : rows) {
    const MemoryConfig memory = loadMemory(row.name);
    const DramTiming& t = memory.timing;
    EXPECT_EQ(
        (std::vector<std::int64_t>{t.CL, t.CWL, t.RCD, t.RP, t.RAS, t.RC, t.RRD_S, t.RRD_L, t.FAW,
                                   t.CCD_S, t.CCD_L, t.WTR_S, t.WTR_L, t.WR, t.RTP, t.RFC, t.REFI}),
        row.cycles)
        << row.name;
    EXPECT_DOUBLE_EQ(memory.peakBytesPerSecond() / 1e9, row.gbPerS) << row.name;
    EXPECT_EQ(memory.preset, row.name);
  }
}

TEST(Presets, EveryMemoryWorksInAChip) {
  const std::vector<std::string> names = presetNames("memories");
  for (const char* needed : {"ddr3_1600", "ddr3_2133", "ddr4_2400", "ddr4_3200", "lpddr4_3200",
                             "lpddr4x_4266", "lpddr5_6400", "hbm2", "hbm2e"}) {
    EXPECT_THAT(names, Contains(needed));
  }
  for (const std::string& name : names) {
    const ChipConfig chip = loadChip("edge", {{"memory.preset", name}, {"memory.channels", "1"}});
    const MemoryConfig alone = loadMemory(name);
    EXPECT_EQ(chip.memories[0].timing.CL, alone.timing.CL) << name;
    EXPECT_EQ(chip.memories[0].capacityBytes, alone.capacityBytes) << name;
    EXPECT_GT(alone.energyPjPerBit, 0) << name;
    EXPECT_GE(alone.timing.RC, alone.timing.RAS + alone.timing.RP - 1) << name;
  }
}

TEST(Presets, CapacityFollowsChannelsAndRanksUnlessGiven) {
  EXPECT_EQ(loadMemory("ddr4_2400").capacityBytes, std::int64_t{8} << 30);
  EXPECT_EQ(loadMemory("ddr4_2400", {{"channels", "4"}, {"ranks", "2"}}).capacityBytes,
            std::int64_t{64} << 30);
  EXPECT_EQ(loadMemory("ddr4_2400", {{"capacity_mib", "512"}}).capacityBytes, 512 << 20);
}

TEST(Presets, EnergyTablesAreMultiplyAndAddOfTheirSources) {
  const EnergyTable t45 = loadEnergyTable("45nm");
  EXPECT_DOUBLE_EQ(t45.macPj.at(DataType::Float32), 3.7 + 0.9);
  EXPECT_DOUBLE_EQ(t45.macPj.at(DataType::Float16), 1.1 + 0.9);
  EXPECT_DOUBLE_EQ(t45.macPj.at(DataType::Int8), 0.3);
  EXPECT_DOUBLE_EQ(t45.buffer.front().readPjPerByte, 10.0 / 8);
  const EnergyTable t7 = loadEnergyTable("7nm");
  EXPECT_DOUBLE_EQ(t7.macPj.at(DataType::Float32), 1.31 + 0.38);
  EXPECT_DOUBLE_EQ(t7.macPj.at(DataType::Int8), 0.1);
  EXPECT_EQ(t7.nodeNm, 7);
}

/// E(V) = a V^2 + b V + c of Stillmaker & Baas at 0.8 V.
double stillmakerEnergy(double a, double b, double c) { return a * 0.64 + b * 0.8 + c; }

TEST(Presets, TheScaledTableIsThe45nmTableTimesTheFactor) {
  const double e45 = stillmakerEnergy(1.103, -0.362, 0.2767);
  const double e32 = stillmakerEnergy(0.9559, -0.7823, 0.471);
  const double e20 = stillmakerEnergy(0.373, -0.1582, 0.04104);
  const double factor = (e20 + (e32 - e20) * 2 / 3) / e45;
  const EnergyTable t45 = loadEnergyTable("45nm");
  const EnergyTable t28 = loadEnergyTable("28nm");
  for (const auto& [format, pj] : t45.macPj) {
    EXPECT_THAT(t28.macPj.at(format) / pj, DoubleNear(factor, 1e-3));
  }
  for (std::size_t i = 0; i < t45.buffer.size(); ++i) {
    EXPECT_THAT(t28.buffer[i].readPjPerByte / t45.buffer[i].readPjPerByte,
                DoubleNear(factor, 1e-3));
  }
  EXPECT_THAT(t28.macAreaUm2.at(DataType::Int8) / t45.macAreaUm2.at(DataType::Int8),
              DoubleNear(0.21 + (0.46 - 0.21) * 2 / 3, 1e-3));
}

TEST(Presets, ReferencesReachTheirPublishedPeaks) {
  const auto tera = [](const ReferenceConfig& m, DataType format) {
    return 2 * m.macsPerCyclePerCore.at(format) * static_cast<double>(m.cores) * m.clockMhz / 1e6;
  };
  const ReferenceConfig haswell = loadReference("cpu_haswell");
  EXPECT_EQ(haswell.kind, ReferenceConfig::Kind::Cpu);
  EXPECT_THAT(tera(haswell, DataType::Float32), DoubleNear(1.3, 0.05));
  EXPECT_THAT(tera(haswell, DataType::Int8), DoubleNear(2.6, 0.06));
  EXPECT_EQ(haswell.memoryGbPerS, 51);
  const ReferenceConfig a15 = loadReference("cpu_a15");
  EXPECT_THAT(tera(a15, DataType::Float32), DoubleNear(0.207, 0.001));
  EXPECT_THAT(tera(a15, DataType::Float16), DoubleNear(0.413, 0.001));
  const ReferenceConfig a100 = loadReference("gpu_a100");
  EXPECT_EQ(a100.kind, ReferenceConfig::Kind::Gpu);
  EXPECT_THAT(tera(a100, DataType::Float16), DoubleNear(312, 1));
  EXPECT_THAT(tera(a100, DataType::Int8), DoubleNear(624, 1));
  EXPECT_EQ(a100.caches.size(), 2u);
}

TEST(Presets, FormatWordsAreTheNamesOfTheirTypes) {
  for (const auto& [word, format] : formatWords()) EXPECT_EQ(word, name(format));
}

}  // namespace
}  // namespace npusim
