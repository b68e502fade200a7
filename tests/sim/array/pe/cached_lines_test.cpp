#include "sim/array/pe/cached_lines.h"

#include <gtest/gtest.h>

#include "sim/array/pe/cached_agenda.h"
#include "sim/array/pe/cached_fetch.h"
#include "tests/sim/array/pe/cached_oracle.h"
#include "tests/sim/array/random_tile.h"

namespace npusim {
namespace {

using testing_tiles::Dice;

/// Accesses of all PEs to both operands: runs of neighbours, and leaps.
struct Trace {
  explicit Trace(Dice& theDice) : dice(theDice) {}
  void step() {
    pe = dice.roll(0, 2);
    operand = static_cast<Fetched>(dice.roll(0, 1));
    line = dice.coin() ? line + dice.roll(-1, 1) : dice.roll(-40, 40);
  }
  std::int64_t tag() const { return line * 2 + static_cast<std::int64_t>(operand); }

  Dice& dice;
  std::int64_t pe = 0, line = 0;
  Fetched operand = Fetched::Input;
};

TEST(CachedLines, HoldsWhatAPlainListOfSetsHolds) {
  constexpr std::uint32_t kSeeds = 200;
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Dice dice(seed);
    CacheConfig cache;
    cache.lineBytes = 16;
    cache.bytes = cache.lineBytes << dice.roll(0, 6);
    cache.ways = std::int64_t{1} << dice.roll(0, 7);
    CachedLines lines(cache, 3);
    const std::int64_t sets = cache.lines() / cache.linesOfSet();
    std::vector<PlainCache> plain(3, PlainCache(sets, cache.linesOfSet()));
    Trace trace(dice);
    std::int64_t hits = 0;
    for (int access = 0; access < 1000; ++access) {
      trace.step();
      const bool expected = plain[static_cast<std::size_t>(trace.pe)].use(trace.line, trace.tag());
      const std::int64_t slot = lines.find(trace.pe, trace.operand, trace.line);
      ASSERT_EQ(slot != CachedLines::kMiss, expected) << "seed " << seed << ", access " << access;
      hits += expected ? 1 : 0;
      if (expected) continue;
      plain[static_cast<std::size_t>(trace.pe)].bring(trace.line, trace.tag());
      const std::int64_t filled = lines.fill(trace.pe, trace.operand, trace.line);
      ASSERT_EQ(filled / lines.slots(), trace.pe) << "seed " << seed << ", access " << access;
    }
    EXPECT_GT(hits, 0) << "seed " << seed;
  }
}

TEST(CachedLines, WithoutACacheNothingIsEverFound) {
  CachedLines lines({.bytes = 0}, 2);
  EXPECT_EQ(lines.slots(), 1);
  EXPECT_EQ(lines.fill(1, Fetched::Weight, 5), 1);
  EXPECT_EQ(lines.find(1, Fetched::Weight, 5), CachedLines::kMiss);
}

TEST(CachedPort, ServesTheOldestFirstAndWideLinesOverSeveralCycles) {
  CachedPort port({2, 8}, LineSize(32));  // 4 accesses a line, 2 a cycle
  EXPECT_EQ(port.serve(0), 1);
  EXPECT_EQ(port.serve(0), 3);
  EXPECT_EQ(port.serve(1), 5);
  EXPECT_EQ(port.serve(20), 21);
  CachedPort narrow({3, 16}, LineSize(32));  // 2 accesses a line, 3 a cycle: lines straddle cycles
  EXPECT_EQ(narrow.serve(4), 4);
  EXPECT_EQ(narrow.serve(4), 5);
  EXPECT_EQ(narrow.serve(4), 5);
  CachedPort unlimited({}, LineSize(64));
  for (int request = 0; request < 9; ++request) EXPECT_EQ(unlimited.serve(3), 3);
}

/// Far appointments wait in the last list and are moved on.
TEST(CachedAgenda, GivesEveryPeInItsCycleInAscendingOrder) {
  constexpr std::uint32_t kSeeds = 50;
  constexpr std::int64_t kPes = 40;
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Dice dice(seed);
    CachedAgenda agenda(kPes);
    std::map<std::int64_t, std::vector<std::int64_t>> expected;
    std::int64_t left = 400;
    const auto add = [&](std::int64_t pe, std::int64_t now) {
      const std::int64_t cycle = now + 1 + dice.roll(0, dice.roll(0, 3) == 0 ? 5000 : 5);
      agenda.add(pe, cycle);
      expected[cycle].push_back(pe);
    };
    for (std::int64_t pe = kPes; pe-- > 0;) add(pe, -1);
    for (std::int64_t cycle = agenda.next(); cycle >= 0; cycle = agenda.next()) {
      ASSERT_EQ(cycle, expected.begin()->first) << "seed " << seed;
      std::vector<std::int64_t> pes = expected.begin()->second;
      std::ranges::sort(pes);
      ASSERT_EQ(agenda.acting(), pes) << "seed " << seed;
      expected.erase(expected.begin());
      for (const std::int64_t pe : pes) {
        if (--left > 0) add(pe, cycle);
      }
    }
    EXPECT_TRUE(expected.empty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace npusim
