#include <gtest/gtest.h>

#include "sim/config/load_config.h"

namespace npusim {
namespace {

/// What Apple states, and the cores it is reached with (github hollance/neural-engine; the A13's
/// TOPS are 1.2 times the A12's).
struct Published {
  const char* name;
  std::int64_t cores;
  double tops;
  std::int64_t systemCacheMib;  ///< 0: none
};

class AnePresets : public testing::TestWithParam<Published> {};

TEST_P(AnePresets, PeakCoresAndMemories) {
  const Published& expected = GetParam();
  const ChipConfig chip = loadChip(expected.name, {});
  EXPECT_EQ(chip.cores, expected.cores);
  EXPECT_EQ(chip.coreControl, CoreControl::Shared);
  const double tops = 2 * chip.peakMacsPerCycle(DataType::Float16) * chip.clockMhz * 1e6 / 1e12;
  EXPECT_NEAR(tops, expected.tops, 1e-3 * expected.tops);
  EXPECT_EQ(chip.peakMacsPerCycle(DataType::Float16), static_cast<double>(expected.cores * 256));
  const MemoryConfig& dram = chip.memories.back();
  EXPECT_EQ(dram.kind, MemoryKind::Dram);
  EXPECT_NEAR(dram.peakBytesPerSecond(), 34.1e9, 0.1e9);
  EXPECT_EQ(chip.memories.size(), expected.systemCacheMib > 0 ? 2u : 1u);
  if (expected.systemCacheMib == 0) return;
  EXPECT_EQ(chip.memories.front().kind, MemoryKind::Sram);
  EXPECT_EQ(chip.memories.front().capacityBytes, expected.systemCacheMib << 20);
}

TEST_P(AnePresets, BuffersGrowWithTheCores) {
  const ChipConfig chip = loadChip(GetParam().name, {});
  ASSERT_EQ(chip.buffers.size(), 3u);
  EXPECT_EQ(chip.buffers[0].capacityBytes, 2 << 20);
  EXPECT_EQ(chip.buffers[0].banks * chip.buffers[0].widthBytes, 64 * 16);
  EXPECT_EQ(chip.buffers[1].capacityBytes, chip.cores * (64 << 10));
  EXPECT_EQ(chip.buffers[2].capacityBytes, chip.cores * (128 << 10));
  EXPECT_EQ(chip.vector.lanes, chip.cores * chip.array.rows);
}

INSTANTIATE_TEST_SUITE_P(All, AnePresets,
                         testing::Values(Published{"ane_a11", 2, 0.6, 0},
                                         Published{"ane_a12", 8, 5.0, 8},
                                         Published{"ane_a13", 8, 6.0, 16},
                                         Published{"ane_a14", 16, 11.0, 16},
                                         Published{"ane_a15", 16, 15.8, 32}),
                         [](const auto& chip) { return std::string(chip.param.name); });

}  // namespace
}  // namespace npusim
