#include "sim/memory/dram/address_map.h"

#include <gmock/gmock.h>

#include <set>
#include <tuple>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/sim/memory/dram/test_memory.h"

namespace npusim {
namespace {

using npusim::testing::ddr4Like;

TEST(AddressMap, FieldsFollowTheText) {
  MemoryConfig memory = ddr4Like();
  memory.channels = 2;
  memory.mapping = "ro-ba-bg-ch-co";
  const AddressMap rows(memory);
  EXPECT_EQ(rows.burstBytes(), 64);
  EXPECT_EQ(rows.columns(), 128);
  EXPECT_EQ(rows.interleave(), 1);
  const DramLocation next = rows.locate(128);
  EXPECT_EQ(next.channel, 1);
  EXPECT_EQ(next.column, 0);
  EXPECT_EQ(rows.locate(256).bankGroup, 1);
  EXPECT_EQ(rows.locate(1024).bank, 1);
  EXPECT_EQ(rows.locate(4096).row, 1);

  memory.mapping = "ro-ba-co-bg-ch";
  const AddressMap interleaved(memory);
  EXPECT_EQ(interleaved.interleave(), 8);
  EXPECT_EQ(interleaved.innerInterleave(), 8);
  EXPECT_EQ(interleaved.locate(1).channel, 1);
  EXPECT_EQ(interleaved.locate(2).bankGroup, 1);
  EXPECT_EQ(interleaved.locate(8).column, 1);
}

TEST(AddressMap, LowColumnsHoldTheBurstsOfARequest) {
  MemoryConfig memory = loadMemory("hbm2");  // bursts of 32 bytes
  memory.mapping = "ro-ba-co-bg-cl";
  const AddressMap map(memory);
  EXPECT_EQ(map.requestColumns(), 2);
  EXPECT_EQ(map.interleave(), 4);
  EXPECT_EQ(map.innerInterleave(), 1);
  EXPECT_EQ(map.locate(1).bankGroup, 0);
  EXPECT_EQ(map.locate(1).column, 1);
  EXPECT_EQ(map.locate(2).bankGroup, 1);
  EXPECT_EQ(map.locate(2).column, 0);
  EXPECT_EQ(map.locate(8).bankGroup, 0);
  EXPECT_EQ(map.locate(8).column, 2);
  EXPECT_EQ(map.locate(4 * 32).bank, 1);
}

TEST(AddressMap, DifferentBurstsLieInDifferentPlaces) {
  for (const std::int64_t channels : {2, 3}) {
    for (const char* mapping : {"ro-ba-bg-ch-co", "ro-co-ch-ba-bg", "ch-bg-ba-ro-co",
                                "ro-ba-co-bg-cl-ch", "co-ro-bg-cl-ch-ba"}) {
      MemoryConfig memory = ddr4Like();
      memory.timing.busBits = 32;
      memory.channels = channels;
      memory.ranks = 2;
      memory.rowBytes = 512;
      memory.capacityBytes = channels * 2 * 16 * 512 * 4;
      memory.mapping = mapping;
      const AddressMap map(memory);
      std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                          std::int64_t>>
          seen;
      const std::int64_t bursts = memory.capacityBytes / map.burstBytes();
      for (std::int64_t burst = 0; burst < bursts; ++burst) {
        const DramLocation at = map.locate(burst);
        EXPECT_LT(at.channel, memory.channels);
        EXPECT_LT(at.column, map.columns());
        seen.insert({at.channel, at.rank, at.bankGroup, at.bank, at.row, at.column});
      }
      EXPECT_EQ(std::ssize(seen), bursts) << mapping << ", channels " << channels;
    }
  }
}

TEST(AddressMap, AddressesBeyondTheMemoryBeginAgain) {
  for (const std::int64_t rows : {3, 4}) {
    MemoryConfig memory = ddr4Like();
    memory.capacityBytes = 16 * memory.rowBytes * rows;
    memory.mapping = "ro-ba-bg-ch-co";
    const AddressMap map(memory);
    const std::int64_t bursts = memory.capacityBytes / map.burstBytes();
    for (const std::int64_t burst : {std::int64_t{0}, std::int64_t{200}, bursts - 1}) {
      const DramLocation inside = map.locate(burst), beyond = map.locate(2 * bursts + burst);
      EXPECT_EQ(inside.row, burst / map.columns() / 16);
      EXPECT_EQ(beyond.row, inside.row);
      EXPECT_EQ(beyond.bank, inside.bank);
      EXPECT_EQ(beyond.column, inside.column);
    }
  }
}

TEST(AddressMap, NamesStandForTheMappingsOfTheReferenceRuns) {
  const MemoryConfig ddr4 = loadMemory("ddr4_2400");
  EXPECT_EQ(mappingText("row", ddr4), "ro-ba-bg-co");
  EXPECT_EQ(mappingText("bgi", ddr4), "ro-ba-co-bg");
  EXPECT_EQ(mappingText("ro-co-ba-bg", ddr4), "ro-co-ba-bg");
  MemoryConfig ddr3 = loadMemory("ddr3_1600");
  EXPECT_EQ(mappingText("row", ddr3), "ro-ba-co");
  ddr3.channels = 2;
  ddr3.ranks = 4;
  EXPECT_EQ(mappingText("row", ddr3), "ro-ra-ba-ch-co");
  EXPECT_EQ(mappingText("bgi", ddr3), "ro-ra-ba-co-ch");
  for (const std::string& preset : presetNames("memories")) {
    MemoryConfig memory = loadMemory(preset);
    for (const char* name : {"row", "bgi"}) {
      memory.mapping = mappingText(name, memory);
      EXPECT_NO_THROW(AddressMap{memory}) << preset << " " << name;
    }
  }
}

void expectRefused(const std::string& mapping, const std::string& why) {
  MemoryConfig memory = ddr4Like();
  memory.mapping = mapping;
  try {
    AddressMap map(memory);
    FAIL() << mapping << " was accepted";
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(why));
  }
}

TEST(AddressMap, RefusesTextsThatDoNotFitTheMemory) {
  expectRefused("ro-ba-co", "leaves out bg");
  expectRefused("ro-ba-bg-co-co", "names co twice");
  expectRefused("ro-ba-bg-xx-co", "unknown field 'xx'");
  expectRefused("ro-cl-ba-bg-co", "has cl above co");
}

}  // namespace
}  // namespace npusim
