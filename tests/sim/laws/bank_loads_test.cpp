#include "sim/laws/bank_loads.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/sim/laws/buffer_enumeration.h"

namespace npusim {
namespace {

using testing_buffers::Dice;

TEST(BankLoads, RemaindersAreThoseOfEveryPosition) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    Dice dice(seed);
    const std::int64_t period = dice.roll(1, 100), address = dice.roll(-200, 200);
    const std::vector<AccessLoop> loops = {{dice.roll(-50, 50), dice.roll(1, 30)},
                                           {dice.roll(0, 300), dice.roll(1, 30)}};
    std::map<std::int64_t, std::int64_t> expected;
    for (std::int64_t i = 0; i < loops[0].count; ++i) {
      for (std::int64_t j = 0; j < loops[1].count; ++j) {
        const std::int64_t at = address + i * loops[0].stride + j * loops[1].stride;
        ++expected[(at % period + period) % period];
      }
    }
    std::map<std::int64_t, std::int64_t> counted;
    for (const auto& [remainder, count] : remainders(address, loops, period)) {
      counted[remainder] += count;
    }
    ASSERT_EQ(counted, expected) << "seed " << seed;
  }
}

TEST(BankLoads, ContiguousRunsSpreadOverAllBanks) {
  BufferConfig buffer;  // 16 banks of 64 bytes
  BankLoads loads(buffer);
  loads.add({0, 64 * 160, {}, 1});
  EXPECT_EQ(loads.cycles(), 10);
  loads.add({64 * 3, 64, {{16 * 64, 7}}, 1});  // seven words of one bank
  EXPECT_EQ(loads.cycles(), 17);
  buffer.ports = 2;
  BankLoads faster(buffer);
  faster.add(loads, 1);
  EXPECT_EQ(faster.cycles(), 9);
}

TEST(BankLoads, DenseTensorsAreAsFewRunsAsTheirStridesAllow) {
  const std::int64_t extents[] = {2, 3, 4, 1}, dense[] = {48, 16, 4, 400},
                     padded[] = {60, 20, 4, 0};
  EXPECT_EQ(denseAccess(0, dense, extents, 4).bytes, 96);
  EXPECT_TRUE(denseAccess(0, dense, extents, 4).repeats.empty());
  const RunAccess rows = denseAccess(0, padded, extents, 4);
  EXPECT_EQ(rows.bytes, 16);
  EXPECT_EQ(rows.repeats.size(), 2u);
  const std::int64_t backwards[] = {48, -16, 4, 0}, repeated[] = {0, 16, 4, 0};
  EXPECT_EQ(denseAccess(32, backwards, extents, 4).address, 0);
  EXPECT_EQ(denseAccess(32, backwards, extents, 4).bytes, 96);
  EXPECT_EQ(denseAccess(0, repeated, extents, 4).times, 2);
}

}  // namespace
}  // namespace npusim
