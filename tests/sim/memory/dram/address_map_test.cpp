#include "sim/memory/dram/address_map.h"

#include <gmock/gmock.h>

#include <set>
#include <tuple>

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
  EXPECT_EQ(interleaved.locate(1).channel, 1);
  EXPECT_EQ(interleaved.locate(2).bankGroup, 1);
  EXPECT_EQ(interleaved.locate(8).column, 1);
}

TEST(AddressMap, DifferentBurstsLieInDifferentPlaces) {
  for (const char* mapping : {"ro-ba-bg-ch-co", "ro-co-ch-ba-bg", "ch-bg-ba-ro-co"}) {
    MemoryConfig memory = ddr4Like();
    memory.channels = 2;
    memory.ranks = 2;
    memory.rowBytes = 512;
    memory.capacityBytes = 2 * 2 * 16 * 512 * 4;
    memory.mapping = mapping;
    const AddressMap map(memory);
    std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                        std::int64_t>>
        seen;
    const std::int64_t bursts = memory.capacityBytes / map.burstBytes();
    for (std::int64_t burst = 0; burst < bursts; ++burst) {
      const DramLocation at = map.locate(burst);
      seen.insert({at.channel, at.rank, at.bankGroup, at.bank, at.row, at.column});
    }
    EXPECT_EQ(std::ssize(seen), bursts) << mapping;
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
}

}  // namespace
}  // namespace npusim
