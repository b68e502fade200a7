#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "sim/isa/program.h"

namespace npusim::isa {
namespace {

std::int64_t between(std::mt19937_64& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

TEST(Distribution, DealsChunksInTurn) {
  const Distribution spread{0, 100, 5, {{4, 3, 1}}};
  EXPECT_EQ(spread.at(0).core, 5);
  EXPECT_EQ(spread.at(0).address, 100);
  EXPECT_EQ(spread.at(6).core, 6);
  EXPECT_EQ(spread.at(6).address, 102);
  EXPECT_EQ(spread.at(6).contiguous, 2);
  EXPECT_EQ(spread.at(13).core, 5);  // the second round
  EXPECT_EQ(spread.at(13).address, 105);
  EXPECT_EQ(spread.shareOf(13), 5);
}

/// Two levels: rows of 8 x 6 bytes in thirds of each row (inner) and halves of all rows (outer).
TEST(Distribution, TwoLevelsMakeABlockOfEachCore) {
  const Distribution spread{0, 0, 0, {{2, 3, 1}, {24, 2, 3}}};
  EXPECT_EQ(spread.at(0).core, 0);
  EXPECT_EQ(spread.at(2).core, 1);
  EXPECT_EQ(spread.at(6).core, 0);
  EXPECT_EQ(spread.at(6).address, 2);
  EXPECT_EQ(spread.at(24).core, 3);
  EXPECT_EQ(spread.at(24).address, 0);
  EXPECT_EQ(spread.at(47).core, 5);
  EXPECT_EQ(spread.at(47).address, 7);
  EXPECT_EQ(spread.shareOf(48), 8);
}

/// Every core's bytes are numbered without gaps in ascending order, and runs say truly how far
/// they go.
TEST(Distribution, IsAPartitionProperty) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    Distribution spread{0, between(random, 0, 64), 0, {}};
    std::int64_t chunk = 1, step = 1;
    for (auto levels = between(random, 1, 2); levels > 0; --levels) {
      const std::int64_t count = between(random, 1, 5);
      chunk *= between(random, 1, 6);
      spread.levels.push_back({chunk, count, step});
      chunk *= count;
      step *= count;
    }
    const std::int64_t bytes = between(random, 1, 400);
    std::map<std::int64_t, std::int64_t> next;
    for (std::int64_t offset = 0; offset < bytes; ++offset) {
      const Distribution::Place place = spread.at(offset);
      EXPECT_EQ(place.address, spread.address + next[place.core]++) << "seed " << seed;
      if (place.contiguous > 1 && offset + 1 < bytes) {
        const Distribution::Place after = spread.at(offset + 1);
        EXPECT_EQ(after.core, place.core) << "seed " << seed;
        EXPECT_EQ(after.address, place.address + 1) << "seed " << seed;
      }
    }
    for (const auto& [core, share] : next) EXPECT_LE(share, spread.shareOf(bytes)) << seed;
    EXPECT_EQ(next[0], spread.shareOf(bytes)) << "seed " << seed;
  }
}

TEST(CoreTerms, AreDigitsOfTheCoresNumber) {
  const Affine affine{7, {{kCoreDepth, 100, 3, 1}, {kCoreDepth, 1000, 2, 3}}};
  LoopIndices indices;
  indices.core = 5;  // digits 2 and 1
  EXPECT_EQ(affine.at(indices), 7 + 200 + 1000);
  const Extent extent{4, 10, {{kCoreDepth, 4, 3, 1}}};
  indices.core = 2;
  EXPECT_EQ(extent.at(indices), 2);
}

}  // namespace
}  // namespace npusim::isa
