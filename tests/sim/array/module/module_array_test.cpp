#include "sim/array/module/module_array.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/array/pe/systolic_array.h"
#include "sim/array/tile/tile_array.h"
#include "sim/core/error.h"
#include "tests/sim/array/expect_equal.h"
#include "tests/sim/array/random_tile.h"

namespace npusim {
namespace {

using testing::HasSubstr;
using testing_tiles::RandomTile;
using testing_tiles::randomTile;
using testing_tiles::resultOf;
using testing_tiles::TileLimits;

constexpr TileLimits kSmall = {.axis = 8, .peSteps = 60, .macs = 4'000};

void expectEqualToTile(std::uint32_t firstSeed, std::uint32_t count, const TileLimits& limits) {
  for (std::uint32_t seed = firstSeed; seed < firstSeed + count; ++seed) {
    const RandomTile drawn = randomTile(seed, limits);
    SCOPED_TRACE(drawn.text);
    TileArray tile(drawn.array);
    ModuleArray module(drawn.array);
    expectEqual(resultOf(module, *drawn.problem), resultOf(tile, *drawn.problem));
    if (testing::Test::HasFailure()) return;
  }
}

TEST(ModuleArray, EqualsTileOnSmallRandomTiles) {
  expectEqualToTile(0, testing_tiles::randomTiles(270), kSmall);
}

TEST(ModuleArray, EqualsTileOnLargerRandomTiles) {
  expectEqualToTile(100'000, testing_tiles::randomTiles(270) / 9,
                    {.axis = 32, .peSteps = 30, .macs = 30'000});
}

/// Keeps all cycles.
class Recording : public ArrayObserver {
 public:
  void onCycle(std::int64_t cycle, std::span<const PeCycle> pes) override {
    EXPECT_EQ(cycle, std::ssize(cycles));
    cycles.emplace_back(pes.begin(), pes.end());
  }

  std::vector<std::vector<PeCycle>> cycles;
};

bool same(const PeCycle& a, const PeCycle& b) {
  if (a.works != b.works || !a.works) return a.works == b.works;
  return a.m == b.m && a.n == b.n && a.k == b.k && a.weight == b.weight && a.input == b.input &&
         a.sum == b.sum;
}

/// The shorter recording ends when nothing works any more.
void expectSame(Recording& module, Recording& pe) {
  const std::size_t pes = pe.cycles.at(0).size();
  const std::size_t cycles = std::max(module.cycles.size(), pe.cycles.size());
  module.cycles.resize(cycles, std::vector<PeCycle>(pes));
  pe.cycles.resize(cycles, std::vector<PeCycle>(pes));
  for (std::size_t cycle = 0; cycle < cycles; ++cycle) {
    ASSERT_EQ(module.cycles[cycle].size(), pes);
    for (std::size_t i = 0; i < pes; ++i) {
      ASSERT_TRUE(same(module.cycles[cycle][i], pe.cycles[cycle][i]))
          << "cycle " << cycle << ", PE " << i;
    }
  }
}

TEST(ModuleArray, EveryPeDoesInEveryCycleWhatItDoesAtPeFidelity) {
  for (std::uint32_t seed = 200'000; seed < 200'100; ++seed) {
    const RandomTile drawn = randomTile(seed, kSmall);
    SCOPED_TRACE(drawn.text);
    Recording modules, pes;
    ModuleArray module(drawn.array);
    SystolicArray pe(drawn.array);
    module.observe(&modules);
    pe.observe(&pes);
    resultOf(module, *drawn.problem);
    resultOf(pe, *drawn.problem);
    expectSame(modules, pes);
    if (HasFailure()) return;
  }
}

TEST(ModuleArray, OneArrayRunsTilesOfAllFormatsInTurn) {
  ArrayConfig array;
  array.rows = 3;
  array.cols = 5;
  for (const auto& formats : testing_tiles::kFormats) {
    array.macsPerCycle[arrayFormat(formats.a)] = 1;
  }
  TileArray tile(array);
  ModuleArray module(array);
  testing_tiles::Dice dice(7);
  for (int round = 0; round < 20; ++round) {
    const auto formats = testing_tiles::kFormats[static_cast<std::size_t>(dice.roll(0, 5))];
    const auto problem = testing_tiles::randomProblem(formats, 2000, dice);
    expectEqual(resultOf(module, *problem), resultOf(tile, *problem));
  }
}

std::string refusalOf(const ArrayConfig& array) {
  try {
    const ModuleArray module(array);
  } catch (const NotPossible& refusal) {
    return refusal.what();
  }
  return "not refused";
}

TEST(ModuleArray, TakesAtMost1024Pes) {
  ArrayConfig array;
  array.rows = 8;
  array.cols = 128;
  EXPECT_EQ(refusalOf(array), "not refused");
  array.cols = 129;
  EXPECT_THAT(refusalOf(array), HasSubstr("at most 1024 PEs, the array has 8 x 129 = 1032; set "
                                          "array.rows and array.cols"));
}

}  // namespace
}  // namespace npusim
