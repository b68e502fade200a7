#include "sim/energy/dram_energy.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "sim/config/load_config.h"

namespace npusim {
namespace {

using testing::DoubleNear;

constexpr double kMicro = 1e6;  ///< picojoules

/// Trace e in DRAMsim3, DDR4-2400, 100,000 random reads: 346 + 294 + 236 + 51 = 927 uJ by hand of
/// its currents, 926 in its report, both with tCK rounded to 0.83 ns.
TEST(DramEnergy, IsDramsim3sForRandomReads) {
  const MemoryConfig memory = loadMemory("ddr4_2400");
  const DramCounts counts = {.bytes = 6'400'000,
                             .reads = 100'000,
                             .activates = 99'970,
                             .refreshes = 73,
                             .activeCycles = 688'022};
  const DramEnergy energy = dramEnergy(memory, counts);
  EXPECT_THAT(energy.activate / kMicro, DoubleNear(346, 1));
  EXPECT_THAT(energy.read / kMicro, DoubleNear(294, 1));
  EXPECT_THAT(energy.activeStandby / kMicro, DoubleNear(236, 1));
  EXPECT_THAT(energy.refresh / kMicro, DoubleNear(51, 1));
  EXPECT_THAT(energy.total() / kMicro, DoubleNear(927, 2));
  EXPECT_EQ(energy.write, 0);
  EXPECT_EQ(energy.traffic, 0);
}

/// Figures that are easy to multiply by hand.
MemoryConfig simpleMemory() {
  MemoryConfig memory;
  memory.timing.clockMhz = 1000;
  memory.timing.burstLength = 8;
  memory.timing.dataRate = 2;
  memory.timing.RC = 30;
  memory.timing.RAS = 20;
  memory.timing.RP = 10;
  memory.timing.RFC = 100;
  memory.currents = {.vdd = 2,
                     .idd0 = 10,
                     .idd2n = 1,
                     .idd3n = 2,
                     .idd4r = 12,
                     .idd4w = 7,
                     .idd5 = 22,
                     .devices = 3};
  memory.energyPjPerBit = 5;
  return memory;
}

/// Of 2 V, 3 devices and 1 ns a clock: 6 pJ a mA and clock.
TEST(DramEnergy, EveryCommandAndStateByItsCurrents) {
  const DramCounts counts = {.bytes = 5 * 64,
                             .reads = 2,
                             .writes = 3,
                             .activates = 4,
                             .refreshes = 5,
                             .activeCycles = 6,
                             .idleCycles = 7};
  const DramEnergy energy = dramEnergy(simpleMemory(), counts);
  EXPECT_DOUBLE_EQ(energy.activate, 6.0 * 4 * (10 * 30 - 2 * 20 - 1 * 10));
  EXPECT_DOUBLE_EQ(energy.read, 6.0 * 2 * 4 * (12 - 2));
  EXPECT_DOUBLE_EQ(energy.write, 6.0 * 3 * 4 * (7 - 2));
  EXPECT_DOUBLE_EQ(energy.refresh, 6.0 * 5 * 100 * (22 - 2));
  EXPECT_DOUBLE_EQ(energy.activeStandby, 6.0 * 6 * 2);
  EXPECT_DOUBLE_EQ(energy.idleStandby, 6.0 * 7 * 1);
  EXPECT_EQ(energy.traffic, 0);
  EXPECT_DOUBLE_EQ(energy.total(), energy.activate + energy.read + energy.write + energy.refresh +
                                       energy.activeStandby + energy.idleStandby);
}

TEST(DramEnergy, BytesCostTheirBitsWithoutCurrentsOrCommands) {
  MemoryConfig memory = simpleMemory();
  const DramCounts ideal = {.bytes = 100};
  EXPECT_DOUBLE_EQ(dramEnergy(memory, ideal).total(), 100 * 8 * 5);
  memory.currents.vdd = 0;
  EXPECT_DOUBLE_EQ(dramEnergy(memory, ideal).total(), 100 * 8 * 5);
  const DramCounts counts = {.bytes = 100, .reads = 2, .activates = 1, .activeCycles = 50};
  EXPECT_DOUBLE_EQ(dramEnergy(memory, counts).total(), 100 * 8 * 5);
  EXPECT_DOUBLE_EQ(dramEnergy(memory, counts).traffic, 100 * 8 * 5);
}

/// A layer that only queues writes moves bytes; their commands come in the next layer's time.
TEST(DramEnergy, QueuedWritesAndTheirCommandsAddUp) {
  const MemoryConfig memory = simpleMemory();
  const DramCounts queued = {.bytes = 640}, drained = {.writes = 10, .activates = 1};
  EXPECT_DOUBLE_EQ(dramEnergy(memory, queued).total(), 640 * 8 * 5);
  DramCounts whole = queued;
  whole += drained;
  const DramEnergy energy = dramEnergy(memory, whole);
  EXPECT_EQ(energy.traffic, 0);
  EXPECT_DOUBLE_EQ(energy.total(), energy.activate + energy.write);
  EXPECT_DOUBLE_EQ(energy.total(),
                   dramEnergy(memory, queued).total() + dramEnergy(memory, drained).total());
}

/// Each figure is nothing half of the time.
TEST(DramEnergy, IsLinearInTheCounts) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  std::uniform_int_distribution<std::int64_t> count(-1'000'000, 1'000'000);
  for (int i = 0; i < 200; ++i) {
    const MemoryConfig memory = loadMemory(i % 2 == 0 ? "lpddr4_3200" : "hbm2");
    const auto draw = [&] {
      DramCounts counts;
      forEachFigure(
          [&](std::int64_t& figure) { figure = std::max<std::int64_t>(0, count(random)); }, counts);
      return counts;
    };
    const DramCounts a = draw(), b = draw();
    DramCounts sum = a;
    sum += b;
    const double scale =
        1 + std::abs(dramEnergy(memory, a).total()) + std::abs(dramEnergy(memory, b).total());
    const double parts = dramEnergy(memory, a).total() + dramEnergy(memory, b).total();
    EXPECT_THAT(dramEnergy(memory, sum).total(), DoubleNear(parts, 1e-9 * scale))
        << "seed " << kSeed << ", draw " << i;
  }
}

/// What a read and a write take beyond standby, as computed from the same currents with tCK rounded
/// to 10 ps.
TEST(DramEnergy, PresetsReachTheEnergyABitOfTheirSources) {
  struct Row {
    const char* preset;
    double read, write;
  };
  for (const Row& row : {Row{"ddr3_1600", 12.55, 9.18}, Row{"ddr4_2400", 5.73, 4.98},
                         Row{"ddr4_3200", 5.48, 4.63}, Row{"lpddr4_3200", 8.47, 5.03}}) {
    const MemoryConfig memory = loadMemory(row.preset);
    const DramEnergy energy = dramEnergy(memory, {.reads = 1, .writes = 1});
    const auto bits = static_cast<double>(memory.timing.burstBytes() * 8);
    EXPECT_THAT(energy.read / bits, DoubleNear(row.read, 0.01 * row.read)) << row.preset;
    EXPECT_THAT(energy.write / bits, DoubleNear(row.write, 0.01 * row.write)) << row.preset;
  }
}

}  // namespace
}  // namespace npusim
