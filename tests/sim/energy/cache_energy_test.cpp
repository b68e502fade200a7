#include "sim/energy/cache_energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/energy/price.h"
#include "sim/energy/store_energy.h"

namespace npusim {
namespace {

/// Figures that are easy to multiply by hand.
EnergyTable table() {
  EnergyTable table;
  table.name = "simple";
  table.macPj = {{DataType::Int8, 1}};
  table.macAreaUm2 = {{DataType::Int8, 100}};
  table.localStore = {{1, 0.25, 0.5}, {256, 4, 8}};  // 0.25 and 0.5 x sqrt(capacity)
  table.buffer = {{1024, 1, 1}, {4096, 2, 2}};
  table.localStoreUm2PerByte = 10;
  table.tagComparePjPerBit = 0.125;
  return table;
}

/// One PE with 64 bytes in 4 lines of 16, two sets of two; buffers of up to 4 KiB.
ChipConfig chip() {
  ChipConfig chip;
  chip.array.rows = chip.array.cols = 1;
  chip.array.dataflow = dataflowPreset("cached");
  chip.array.macsPerCycle = {{DataType::Int8, 1}};
  chip.array.localStore = {{1}, {1}, {4}};
  chip.array.cache = {.bytes = 64, .lineBytes = 16, .ways = 2};
  chip.buffers = {{"small", {Holds::Weights, Holds::Activations}, 1024, 1},
                  {"large", {Holds::Accumulators}, 4096, 1}};
  return chip;
}

/// 12 address bits, less 4 within a line and 1 for the set; operand, presence and one of age.
TEST(CacheEnergy, ATagHoldsWhatTheSetDoesNotSay) {
  const CacheTags tags = cacheTags(chip());
  EXPECT_DOUBLE_EQ(tags.bits, 12 - 4 - 1 + 2 + 1);
  EXPECT_DOUBLE_EQ(tags.bytes, 4 * tags.bits / 8);
  ChipConfig full = chip();
  full.array.cache.ways = 4;
  EXPECT_DOUBLE_EQ(cacheTags(full).bits, 12 - 4 + 2 + 2);
  ChipConfig none = chip();
  none.array.cache.bytes = 0;
  EXPECT_DOUBLE_EQ(cacheTags(none).bits, 0);
  ChipConfig other = chip();
  other.array.dataflow = dataflowPreset("output_stationary");
  EXPECT_DOUBLE_EQ(cacheTags(other).bits, 0);
}

TEST(CacheEnergy, EveryLookUpReadsASetsTagsAndEveryMissWritesOne) {
  Counters counters;
  counters.cacheHits = 7;
  counters.cacheMisses = 3;
  const CacheTags tags = cacheTags(chip());
  const StorePoint store = storeAt(table().localStore, tags.bytes);
  const double lookUp = 2 * (tags.bits / 8 * store.readPjPerByte + tags.bits * 0.125);
  const double miss = tags.bits / 8 * store.writePjPerByte;
  EXPECT_NEAR(tagPrice(counters, chip(), table()), 10 * lookUp + 3 * miss, 1e-12);
}

TEST(CacheEnergy, OperandsArePricedAsTheCachesBytes) {
  Counters counters;
  counters.localStoreBytes.inputs = {8, 0};
  counters.localStoreBytes.weights = {0, 16};
  EXPECT_NEAR(price(counters, 0, chip(), table(), DataType::Int8).localStore,
              8 * 0.25 * 8 + 16 * 0.5 * 8, 1e-9);
}

TEST(CacheEnergy, AreaCountsLinesAndTags) {
  ChipConfig none = chip();
  none.array.cache.bytes = 0;
  const double added = area(chip(), table()).localStore - area(none, table()).localStore;
  EXPECT_NEAR(added, (64 + cacheTags(chip()).bytes) * 10 * 1e-6, 1e-15);
}

TEST(CacheEnergy, ATableWithoutTheFigureIsRefused) {
  Counters counters;
  counters.cacheHits = 1;
  EnergyTable lacking = table();
  lacking.tagComparePjPerBit = 0;
  try {
    tagPrice(counters, chip(), lacking);
    FAIL() << "no error";
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("tag_compare_pj_per_bit: is missing"));
  }
  EXPECT_EQ(tagPrice({}, chip(), lacking), 0);
}

}  // namespace
}  // namespace npusim
