#include "sim/chip/lockstep_array.h"

#include <gtest/gtest.h>

#include "sim/chip/array_factory.h"
#include "sim/laws/lockstep_law.h"
#include "tests/sim/array/random_tile.h"

namespace npusim {
namespace {

using namespace npusim::testing_tiles;

/// The random tile's array, `cores` of it in step over one buffer.
ChipConfig sharedChip(const RandomTile& drawn, std::int64_t cores) {
  ChipConfig chip;
  chip.cores = cores;
  chip.coreControl = CoreControl::Shared;
  chip.array = drawn.array;
  chip.formats = {drawn.array.macsPerCycle.begin()->first};
  BufferConfig buffer;
  buffer.holds = {Holds::Weights, Holds::Activations, Holds::Accumulators};
  chip.buffers = {buffer};
  return chip;
}

const TileLimits kSmall = {.axis = 12, .peSteps = 2'000, .macs = 100'000};

TEST(LockstepArray, ComputesWhatOneArrayComputesAtEveryFidelity) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    const RandomTile drawn = randomTile(seed, kSmall);
    const ChipConfig chip = sharedChip(drawn, 1 + seed % 7);
    ChipConfig single = chip;
    single.cores = 1;
    Problem& problem = *drawn.problem;
    const std::vector<std::byte> before = resultBytes(problem);
    const auto run = [&](const ChipConfig& on, Fidelity fidelity) {
      restoreBytes(problem, before);
      const auto array = makeArray(on, fidelity);
      const ArrayCost cost = array->cost(problem.tile);
      const ZeroWork zero = array->compute(problem.tile, problem.storages);
      return std::tuple(cost, zero, resultBytes(problem));
    };
    const auto [oneCost, oneZero, expected] = run(single, Fidelity::Tile);
    const auto [tileCost, tileZero, tileBytes] = run(chip, Fidelity::Tile);
    const auto [peCost, peZero, peBytes] = run(chip, Fidelity::Pe);
    ASSERT_EQ(tileBytes, expected) << drawn.text;
    ASSERT_EQ(peBytes, expected) << drawn.text;
    ASSERT_EQ(tileCost, peCost) << drawn.text;
    ASSERT_EQ(tileZero, peZero) << drawn.text;
    ASSERT_EQ(tileZero.macs, oneZero.macs) << drawn.text;
    ASSERT_LE(tileCost.timing.total(), oneCost.timing.total()) << drawn.text;
  }
}

TEST(LockstepArray, EveryPeCycleIsUsefulAtTheEdgeOrFilling) {
  for (std::uint32_t seed = 100; seed < 300; ++seed) {
    const RandomTile drawn = randomTile(seed, kSmall);
    const ChipConfig chip = sharedChip(drawn, 2 + seed % 7);
    const ArrayCost cost = makeArray(chip, Fidelity::Tile)->cost(drawn.problem->tile);
    const MatrixTile& tile = drawn.problem->tile;
    const double useful = static_cast<double>(tile.m() * tile.n() * tile.k()) /
                          chip.array.macsPerCycle.begin()->second;
    const double all =
        static_cast<double>(cost.timing.total() * chip.cores * chip.array.rows * chip.array.cols);
    ASSERT_NEAR(useful + cost.work.edgePeCycles + cost.work.fillDrainPeCycles, all, 1e-6 * all)
        << drawn.text;
    ASSERT_GE(cost.work.edgePeCycles, -1e-6) << drawn.text;
  }
}

/// Eight columns on an array each: inputs are read once for all, weights and sums once each.
TEST(LockstepArray, SharedInputsAreReadOnce) {
  RandomTile drawn = randomTile(1, kSmall);
  drawn.array = {};
  drawn.array.rows = drawn.array.cols = 8;
  drawn.array.macsPerCycle = {{DataType::Float32, 1}};
  Dice dice(3);
  const Window window = {1, 4, 4, 8, 1, 1, 1, 1, 1, 1, 32, false, false};
  drawn.problem =
      problemOf(window, {DataType::Float32, DataType::Float32}, DataType::Float32, dice);
  drawn.problem->tile.accumulates = false;
  ChipConfig chip = sharedChip(drawn, 4);
  const ArrayCost cost = makeArray(chip, Fidelity::Tile)->cost(drawn.problem->tile);
  EXPECT_EQ(cost.work.inputBytes, 16 * 8 * 4);
  EXPECT_EQ(cost.work.weightBytes, 8 * 32 * 4);
  EXPECT_EQ(cost.work.partialWriteBytes, 16 * 32 * 4);
  chip.cores = 1;
  EXPECT_EQ(makeArray(chip, Fidelity::Tile)->cost(drawn.problem->tile).work.inputBytes,
            4 * 16 * 8 * 4);
}

TEST(LockstepArray, TheModulesOfEachArrayComputeItsPart) {
  const RandomTile drawn = randomTile(4, {.axis = 6, .peSteps = 300, .macs = 5'000});
  const ChipConfig chip = sharedChip(drawn, 3);
  Problem& problem = *drawn.problem;
  const std::vector<std::byte> before = resultBytes(problem);
  const auto tile = makeArray(chip, Fidelity::Tile), module = makeArray(chip, Fidelity::Module);
  tile->compute(problem.tile, problem.storages);
  const std::vector<std::byte> expected = resultBytes(problem);
  restoreBytes(problem, before);
  module->compute(problem.tile, problem.storages);
  EXPECT_EQ(resultBytes(problem), expected) << drawn.text;
  EXPECT_EQ(module->cost(problem.tile), tile->cost(problem.tile)) << drawn.text;
}

TEST(LockstepArray, OtherDataflowsAreRefused) {
  for (const char* name : {"row_stationary", "cached"}) {
    ChipConfig chip = sharedChip(randomTile(1, kSmall), 2);
    chip.array.dataflow = dataflowPreset(name);
    try {
      makeArray(chip, Fidelity::Tile);
      FAIL() << name;
    } catch (const NotPossible& refusal) {
      EXPECT_EQ(std::string(refusal.what()),
                std::string("not supported: dataflow ") + name +
                    " with core_control shared; use core_control own or a systolic dataflow");
    }
  }
}

}  // namespace
}  // namespace npusim
