#include <gmock/gmock.h>

#include <map>
#include <string>

#include "sim/config/load_config.h"

namespace npusim {
namespace {

using testing::Contains;

using Member = std::int64_t DramTiming::*;

/// Keys of a timing in the order of the rows below.
constexpr std::pair<const char*, Member> kKeys[] = {
    {"CL", &DramTiming::CL},       {"CWL", &DramTiming::CWL},     {"RCD", &DramTiming::RCD},
    {"RP", &DramTiming::RP},       {"RAS", &DramTiming::RAS},     {"RC", &DramTiming::RC},
    {"RRD_S", &DramTiming::RRD_S}, {"RRD_L", &DramTiming::RRD_L}, {"FAW", &DramTiming::FAW},
    {"CCD_S", &DramTiming::CCD_S}, {"CCD_L", &DramTiming::CCD_L}, {"WTR_S", &DramTiming::WTR_S},
    {"WTR_L", &DramTiming::WTR_L}, {"WR", &DramTiming::WR},       {"RTP", &DramTiming::RTP},
    {"RFC", &DramTiming::RFC},     {"REFI", &DramTiming::REFI}};

struct Matched {
  const char* preset;
  double clockMhz;
  std::int64_t banks, rows, rowBytes, burstBytes;
  std::vector<std::int64_t> timing;
};

/// The timing of the reference runs that `npusim validate dram` is held against.
TEST(MemoryPresets, CarryTheMatchedTiming) {
  const Matched all[] = {{"ddr3_1600",
                          800,
                          8,
                          65536,
                          8192,
                          64,
                          {11, 8, 11, 11, 28, 39, 5, 5, 24, 4, 4, 6, 6, 12, 6, 208, 6240}},
                         {"ddr4_2400",
                          1200,
                          16,
                          65536,
                          8192,
                          64,
                          {17, 12, 17, 17, 39, 56, 4, 6, 26, 4, 6, 3, 9, 18, 9, 420, 9360}},
                         {"lpddr4_3200",
                          1600,
                          8,
                          65536,
                          2048,
                          32,
                          {28, 14, 29, 29, 68, 97, 16, 16, 64, 8, 8, 16, 16, 29, 12, 448, 6246}},
                         {"hbm2",
                          1000,
                          16,
                          65536,
                          1024,
                          32,
                          {14, 5, 14, 14, 34, 48, 4, 4, 15, 2, 4, 6, 8, 16, 5, 350, 3900}},
                         {"lpddr5_6400",
                          800,
                          16,
                          32768,
                          2048,
                          32,
                          {17, 9, 15, 15, 34, 49, 4, 4, 16, 2, 4, 5, 10, 28, 8, 168, 3125}}};
  for (const Matched& row : all) {
    SCOPED_TRACE(row.preset);
    const MemoryConfig memory = loadMemory(row.preset);
    EXPECT_EQ(memory.timing.clockMhz, row.clockMhz);
    EXPECT_EQ(memory.bankGroups * memory.banksPerGroup, row.banks);
    EXPECT_EQ(memory.capacityBytes / (row.banks * row.rowBytes), row.rows);
    EXPECT_EQ(memory.rowBytes, row.rowBytes);
    EXPECT_EQ(memory.timing.burstBytes(), row.burstBytes);
    std::size_t i = 0;
    for (const auto& [key, member] : kKeys)
      EXPECT_EQ(memory.timing.*member, row.timing[i++]) << key;
  }
}

TEST(MemoryPresets, CarryWhatTheirStandardAsksBeyondIt) {
  const DramTiming lpddr4 = loadMemory("lpddr4_3200").timing;
  EXPECT_EQ(lpddr4.RPab, 34);
  EXPECT_EQ(lpddr4.PPD, 4);
  EXPECT_EQ(lpddr4.dataDelay, 6);
  EXPECT_EQ(lpddr4.activateClocks, 4);
  EXPECT_EQ(lpddr4.columnClocks, 4);
  EXPECT_EQ(lpddr4.prechargeClocks, 2);
  const DramTiming lpddr5 = loadMemory("lpddr5_6400").timing;
  EXPECT_EQ(lpddr5.RPab, 17);
  EXPECT_EQ(lpddr5.PPD, 2);
  EXPECT_EQ(lpddr5.activateClocks, 2);
  EXPECT_EQ(lpddr5.wckSync, 1);
  for (const char* preset : {"hbm2", "hbm2e"}) {
    const DramTiming hbm = loadMemory(preset).timing;
    EXPECT_TRUE(hbm.splitCommandBus) << preset;
    EXPECT_EQ(hbm.activateClocks, 2) << preset;
    EXPECT_LT(hbm.RCDWR, hbm.RCD) << preset;
  }
}

TEST(MemoryPresets, AreAllThereAndReachTheirDataRate) {
  const std::map<std::string, double> gigabytes = {
      {"ddr3_1600", 12.8},   {"ddr3_2133", 17.06}, {"ddr4_2400", 19.2},
      {"ddr4_3200", 25.6},   {"lpddr4_3200", 6.4}, {"lpddr4x_4266", 8.53},
      {"lpddr5_6400", 12.8}, {"hbm2", 16},         {"hbm2e", 25.6}};
  const std::vector<std::string> names = presetNames("memories");
  for (const auto& [name, rate] : gigabytes) {
    EXPECT_THAT(names, Contains(name));
    EXPECT_NEAR(loadMemory(name).peakBytesPerSecond() / 1e9, rate, 0.01) << name;
  }
}

TEST(MemoryPresets, CurrentsAreThoseOfAWorkingDevice) {
  int priced = 0;
  for (const std::string& name : presetNames("memories")) {
    const MemoryConfig memory = loadMemory(name);
    EXPECT_GT(memory.energyPjPerBit, 0) << name;
    const DramCurrents& currents = memory.currents;
    if (currents.vdd == 0) continue;
    ++priced;
    EXPECT_LT(currents.idd2n, currents.idd3n) << name;
    EXPECT_LT(currents.idd3n, currents.idd0) << name;
    EXPECT_LT(currents.idd3n, currents.idd4w) << name;
    EXPECT_LT(currents.idd3n, currents.idd4r) << name;
    EXPECT_LT(currents.idd3n, currents.idd5) << name;
  }
  EXPECT_EQ(priced, 6);
}

/// Currents say nothing about what a program does.
TEST(MemoryPresets, CurrentsDoNotChangeTheChipsHash) {
  const std::string before = chipHash(loadChip("nvdla_large", {}));
  EXPECT_EQ(chipHash(loadChip("nvdla_large", {{"memory.currents.idd0", "99"}})), before);
  EXPECT_NE(chipHash(loadChip("nvdla_large", {{"memory.timing.CL", "99"}})), before);
}

}  // namespace
}  // namespace npusim
