#include "sim/energy/price.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <vector>

#include "sim/core/error.h"
#include "sim/energy/store_energy.h"

namespace npusim {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;

/// Figures that are easy to multiply by hand.
EnergyTable simpleTable() {
  EnergyTable table;
  table.name = "simple";
  table.macPj = {{DataType::Int8, 0.5}, {DataType::Float16, 2}};
  table.macAreaUm2 = {{DataType::Int8, 100}, {DataType::Float16, 400}};
  table.localStore = {{1, 0.1, 0.2}, {100, 1, 2}};
  table.buffer = {{1024, 1, 2}, {1024 * 100, 10, 20}};
  table.localStoreUm2PerByte = 10;
  table.bufferUm2PerByte = 4;
  table.arrayHopPjPerByte = 0.25;
  table.vectorSimplePj = 1;
  table.vectorDividePj = 8;
  table.vectorTranscendentalPj = 12;
  table.vectorLaneUm2 = 1000;
  table.networkPjPerByteHop = 3;
  return table;
}

/// 8 x 4 PEs at 500 MHz with 10-byte stores, three buffers and a memory of 5 pJ/bit.
ChipConfig simpleChip() {
  ChipConfig chip;
  chip.clockMhz = 500;
  chip.array.rows = 8;
  chip.array.cols = 4;
  chip.array.macsPerCycle = {{DataType::Int8, 2}, {DataType::Float16, 1}};
  chip.array.localStore = {{10}, {10}, {10}};
  chip.buffers = {{"activations", {Holds::Activations}, 1024, 1},
                  {"weights", {Holds::Weights}, 10 * 1024, 1},
                  {"sums", {Holds::Accumulators}, 100 * 1024, 1}};
  MemoryConfig memory;
  memory.timing.clockMhz = 1000;
  memory.energyPjPerBit = 5;
  chip.memories = {memory};
  chip.vector.lanes = 16;
  chip.host.energyPjPerBit = 10;
  chip.power = {0, 0, 0, 0};
  return chip;
}

Energy priced(const Counters& counters, std::int64_t cycles = 0,
              const ChipConfig& chip = simpleChip(), DataType format = DataType::Int8) {
  return price(counters, cycles, chip, simpleTable(), format);
}

TEST(StoreEnergy, IsTheTablesAtItsPointsAndAPowerLawBetween) {
  const std::vector<StorePoint> points = {{16, 1, 3}, {256, 4, 12}, {4096, 64, 12}};
  for (const StorePoint& point : points) {
    EXPECT_DOUBLE_EQ(storeAt(points, point.capacityBytes).readPjPerByte, point.readPjPerByte);
    EXPECT_DOUBLE_EQ(storeAt(points, point.capacityBytes).writePjPerByte, point.writePjPerByte);
  }
  EXPECT_DOUBLE_EQ(storeAt(points, 64).readPjPerByte, 2) << "energy ~ sqrt(capacity) there";
  EXPECT_DOUBLE_EQ(storeAt(points, 1024).readPjPerByte, 16) << "energy ~ capacity there";
  EXPECT_DOUBLE_EQ(storeAt(points, 1024).writePjPerByte, 12) << "flat there";
  EXPECT_DOUBLE_EQ(storeAt(points, 4).readPjPerByte, 0.5) << "below, with the first slope";
  EXPECT_DOUBLE_EQ(storeAt(points, 8192).readPjPerByte, 128) << "above, with the last slope";
}

TEST(Price, EveryFurtherPortOfALocalStoreCostsItsShare) {
  EnergyTable table = simpleTable();
  table.localStorePortShare = 0.5;
  ChipConfig chip = simpleChip();
  chip.array.localStore.weights.ports = 1;
  chip.array.localStore.outputs.ports = 3;
  Counters counters;
  counters.localStoreBytes.weights = {100, 0};
  const double onePort = price(counters, 0, chip, simpleTable(), DataType::Int8).localStore;
  EXPECT_DOUBLE_EQ(price(counters, 0, chip, table, DataType::Int8).localStore, onePort);
  counters.localStoreBytes = {};
  counters.localStoreBytes.outputs = {100, 0};
  EXPECT_DOUBLE_EQ(price(counters, 0, chip, table, DataType::Int8).localStore, 2 * onePort);
}

TEST(StoreEnergy, RisesWithCapacity) {
  const EnergyTable table = simpleTable();
  double last = 0;
  for (double capacity = 1; capacity < 1e9; capacity *= 1.7) {
    const double read = storeAt(table.buffer, capacity).readPjPerByte;
    EXPECT_GT(read, last) << capacity;
    last = read;
  }
}

TEST(StoreEnergy, PointsOutOfOrderAreOurBug) {
  EXPECT_THROW(storeAt({{16, 1, 1}, {16, 2, 2}}, 4), InternalError);
  EXPECT_THROW(storeAt({{16, 1, 1}}, 4), InternalError);
}

TEST(Price, EachEventByHand) {
  Counters counters;
  counters.macs = 1000;
  counters.localStoreBytes.inputs = {600, 60};
  counters.arrayNetworkBytes = {100, 100, 200};
  counters.bufferBytes = {100, 10};
  counters.vectorSimpleOps = 7;
  counters.vectorDivideOps = 3;
  counters.vectorTranscendentalOps = 2;
  counters.networkByteHops = 11;
  counters.dramBytes = {64, 128};
  counters.hostBytes = 20;
  const Energy energy = priced(counters);
  EXPECT_DOUBLE_EQ(energy.mac, 500);
  const double tenBytes = std::sqrt(0.1);
  EXPECT_THAT(energy.localStore, DoubleNear(600 * tenBytes + 60 * 2 * tenBytes, 1e-9));
  EXPECT_DOUBLE_EQ(energy.arrayNetwork, 100);
  EXPECT_DOUBLE_EQ(energy.buffer, 100 * 1 + 10 * 2) << "all at the activation buffer";
  EXPECT_DOUBLE_EQ(energy.vector, 7 + 24 + 24);
  EXPECT_DOUBLE_EQ(energy.network, 33);
  EXPECT_DOUBLE_EQ(energy.dram, 192 * 8 * 5);
  EXPECT_DOUBLE_EQ(energy.host, 1600);
  EXPECT_DOUBLE_EQ(energy.clockIdle, 0);
}

TEST(Price, BytesArePaidAtTheBufferThatHoldsThem) {
  Counters counters;
  counters.bufferBytes = {300, 30};
  counters.weightBufferBytes = {100, 10};
  counters.accumulatorBytes = {100, 10};
  const double activations = 100 * 1 + 10 * 2;
  const double weights = std::sqrt(10.0) * activations;
  const double sums = 10 * activations;
  EXPECT_THAT(priced(counters).buffer, DoubleNear(activations + weights + sums, 1e-9));
}

TEST(Price, AnAccessReachesOneBank) {
  ChipConfig chip = simpleChip();
  Counters counters;
  counters.bufferBytes = {100, 10};
  const double one = priced(counters, 0, chip).buffer;
  chip.buffers[0].capacityBytes *= 4;
  EXPECT_THAT(priced(counters, 0, chip).buffer, DoubleNear(2 * one, 1e-9));
  chip.buffers[0].banks = 4;
  EXPECT_THAT(priced(counters, 0, chip).buffer, DoubleNear(one, 1e-9));
}

TEST(Price, AChipWithOneBufferPaysItForEverything) {
  ChipConfig chip = simpleChip();
  chip.buffers = {{"buffer", {Holds::Weights, Holds::Activations, Holds::Accumulators}, 1024, 1}};
  Counters counters;
  counters.bufferBytes = {300, 30};
  counters.weightBufferBytes = {100, 10};
  EXPECT_DOUBLE_EQ(priced(counters, 0, chip).buffer, 300 * 1 + 30 * 2);
}

TEST(Price, LocalStoreIsTheMeanOfTheOperandsStores) {
  ChipConfig chip = simpleChip();
  chip.array.localStore = {{1}, {10}, {100}};
  Counters counters;
  counters.localStoreBytes = {{100, 0}, {100, 0}, {100, 0}};
  EXPECT_THAT(priced(counters, 0, chip).localStore,
              DoubleNear(100 * (0.1 + std::sqrt(0.1) + 1), 1e-9));
}

TEST(Price, ClockTreeByCycleAndIdlePowerByTime) {
  ChipConfig chip = simpleChip();
  chip.power.clockTreePjPerCycle = 7;
  chip.power.idleW = 0.25;
  EXPECT_THAT(priced({}, 1000, chip).clockIdle, DoubleNear(7000 + 0.25 * 2e-6 * 1e12, 1e-6));
  chip.clockMhz = 1000;
  EXPECT_THAT(priced({}, 1000, chip).clockIdle, DoubleNear(7000 + 0.25 * 1e-6 * 1e12, 1e-6));
}

TEST(Price, BytesOfNoKnownMemoryAreWeightedByBandwidth) {
  ChipConfig chip = simpleChip();
  MemoryConfig other = chip.memories[0];
  other.timing.clockMhz *= 3;
  other.energyPjPerBit = 9;
  chip.memories.push_back(other);
  Counters counters;
  counters.dramBytes = {10, 0};
  EXPECT_DOUBLE_EQ(priced(counters, 0, chip).dram, 80 * (5 + 3 * 9) / 4.0);
  chip.memories.clear();
  EXPECT_DOUBLE_EQ(priced({}, 0, chip).dram, 0);
}

/// Of 2 V, one device and 1 ns a clock: 2 pJ a mA and clock.
TEST(Price, EachMemoryPricesWhatItDid) {
  ChipConfig chip = simpleChip();
  MemoryConfig other = chip.memories[0];
  other.currents = {.vdd = 2, .idd3n = 3, .idd4r = 13};
  chip.memories.push_back(other);
  Counters counters;
  counters.dramBytes = {356, 0};
  counters.memory(0) = {.bytes = 100, .reads = 2, .activeCycles = 50};
  EXPECT_DOUBLE_EQ(priced(counters, 0, chip).dram, 356 * 8 * 5) << "the rest by the mean, 5 too";
  counters.memory(1) = {.bytes = 256, .reads = 4, .activeCycles = 50};
  const double burst = static_cast<double>(other.timing.burstCycles());
  EXPECT_DOUBLE_EQ(priced(counters, 0, chip).dram,
                   100 * 8 * 5 + 2 * (4 * burst * (13 - 3) + 50 * 3));
  chip.memories.pop_back();
  try {
    priced(counters, 0, chip);
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(), "the counters are of 2 memories, chip 'edge' has 1");
  }
}

TEST(Price, AMissingFormatIsNamed) {
  Counters counters;
  counters.macs = 1;
  try {
    priced(counters, 0, simpleChip(), DataType::BFloat16);
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(), "energy table simple: mac_pj: no figure for bf16; add one");
  }
  EXPECT_DOUBLE_EQ(priced({}, 0, simpleChip(), DataType::BFloat16).total(), 0);
}

Counters randomCounters(std::mt19937& random) {
  const auto some = [&] { return std::uniform_int_distribution<std::int64_t>(0, 1 << 20)(random); };
  Counters counters;
  counters.macs = some();
  counters.localStoreBytes.weights = {some(), some()};
  counters.arrayNetworkBytes.outputs = some();
  counters.weightBufferBytes = {some(), some()};
  counters.accumulatorBytes = {some(), some()};
  counters.bufferBytes = {
      counters.weightBufferBytes.read + counters.accumulatorBytes.read + some(),
      counters.weightBufferBytes.write + counters.accumulatorBytes.write + some()};
  counters.networkByteHops = some();
  counters.dramBytes = {some(), some()};
  counters.memory(0) = {some(), some(), some(), some(), some(), some(), some()};
  counters.dramBytes.read += counters.memory(0).bytes;
  counters.hostBytes = some();
  counters.vectorSimpleOps = some();
  counters.vectorDivideOps = some();
  counters.vectorTranscendentalOps = some();
  return counters;
}

TEST(Price, LayersAddUpAndMoreEventsCostMore) {
  ChipConfig chip = simpleChip();
  chip.power = {0.5, 3, 0, 0};
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    const Counters one = randomCounters(random), two = randomCounters(random);
    Counters both = one;
    both += two;
    const double first = priced(one, 1000, chip).total();
    const double second = priced(two, 500, chip).total();
    const double total = priced(both, 1500, chip).total();
    EXPECT_THAT(total, DoubleNear(first + second, 1e-9 * total)) << "seed " << seed;
    EXPECT_GT(total, first) << "seed " << seed;
  }
}

TEST(AreaOf, EachPartByHand) {
  ChipConfig chip = simpleChip();
  const Area one = area(chip, simpleTable());
  EXPECT_DOUBLE_EQ(one.array, 32 * 400e-6) << "int8 needs 2 x 100, fp16 400: the larger serves";
  EXPECT_DOUBLE_EQ(one.localStore, 32 * 30 * 10e-6);
  EXPECT_DOUBLE_EQ(one.buffer, 111 * 1024 * 4e-6);
  EXPECT_DOUBLE_EQ(one.vector, 16 * 1000e-6);
  chip.cores = 3;
  EXPECT_DOUBLE_EQ(area(chip, simpleTable()).total(), 3 * one.total());
  chip.coreControl = CoreControl::Shared;
  const Area inStep = area(chip, simpleTable());
  EXPECT_DOUBLE_EQ(inStep.array, 3 * one.array);
  EXPECT_DOUBLE_EQ(inStep.buffer, one.buffer) << "cores in step share them";
}

TEST(AreaOf, AMissingFormatIsNamed) {
  ChipConfig chip = simpleChip();
  chip.array.macsPerCycle[DataType::Int16] = 1;
  try {
    area(chip, simpleTable());
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("mac_area_um2: no figure for int16"));
  }
}

}  // namespace
}  // namespace npusim
