#include "sim/chip/cached_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/core/error.h"
#include "sim/laws/array_law.h"
#include "sim/laws/cached_law.h"
#include "tests/sim/array/random_tile.h"

namespace npusim {
namespace {

using testing_tiles::Dice;
using testing_tiles::Problem;
using testing_tiles::Window;

constexpr std::uint32_t kSeeds = 300;

ChipConfig randomChip(DataType format, Dice& dice) {
  ChipConfig chip;
  ArrayConfig& array = chip.array;
  array.rows = std::int64_t{4} << dice.roll(0, 3);
  array.cols = std::int64_t{4} << dice.roll(0, 3);
  array.dataflow = dataflowPreset("cached");
  array.macsPerCycle = {{arrayFormat(format), dice.pick<double>({1, 1, 1, 0.5, 2})}};
  array.zeroGating = dice.coin();
  array.cache.bytes = dice.roll(0, 6) == 0 ? 0 : std::int64_t{16} << dice.roll(0, 8);
  array.cache.coalesce = dice.roll(0, 3) > 0;
  BufferConfig buffer;
  buffer.holds = {Holds::Weights, Holds::Activations, Holds::Accumulators};
  buffer.capacityBytes = testing_tiles::kStorageBytes;
  chip.buffers = {buffer};
  return chip;
}

TEST(CachedModel, TileAndPeFidelityAreEqual) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Dice dice(seed);
    const auto formats = testing_tiles::kFormats[seed % testing_tiles::kFormats.size()];
    const ChipConfig chip = randomChip(formats.a, dice);
    const auto problem = testing_tiles::randomProblem(formats, 20'000, dice);
    const auto tile = makeCachedArray(chip, Fidelity::Tile);
    const auto pe = makeCachedArray(chip, Fidelity::Pe);
    ASSERT_EQ(tile->cost(problem->tile), pe->cost(problem->tile)) << "seed " << seed;
    const std::vector<std::byte> before = testing_tiles::resultBytes(*problem);
    const ZeroWork zeros = tile->compute(problem->tile, problem->storages);
    const std::vector<std::byte> values = testing_tiles::resultBytes(*problem);
    testing_tiles::restoreBytes(*problem, before);
    ASSERT_EQ(pe->compute(problem->tile, problem->storages), zeros) << "seed " << seed;
    ASSERT_EQ(testing_tiles::resultBytes(*problem), values) << "seed " << seed;
  }
}

TEST(CachedModel, ModuleFidelityIsRefused) {
  Dice dice(1);
  EXPECT_THROW(makeCachedArray(randomChip(DataType::Int8, dice), Fidelity::Module), NotPossible);
}

/// A dense product, or a convolution with 3 x 3 taps and padding.
std::unique_ptr<Problem> denseProblem(DataType format, Dice& dice) {
  const std::int64_t channels = std::int64_t{8} << dice.roll(0, 2);
  const bool window = dice.coin();
  const std::int64_t height = window ? dice.roll(6, 12) : 1;
  const std::int64_t taps = window ? 3 : 1;
  const Window shape{1,
                     height,
                     dice.roll(6, window ? 12 : 100),
                     channels,
                     taps,
                     taps,
                     1,
                     1,
                     1,
                     1,
                     dice.roll(8, 64),
                     window,
                     false};
  const DataType sums = isFloat(format) ? DataType::Float32 : DataType::Int32;
  auto problem = testing_tiles::problemOf(shape, {format, format}, sums, dice);
  problem->tile.bias.reset();
  problem->tile.accumulates = false;
  return problem;
}

constexpr std::uint32_t kProblems = 100;

/// docs/dataflows/cached.md states the errors of 1,000 such problems.
TEST(CachedEstimate, IsAsNearAsThePageSays) {
  std::vector<double> errors;
  for (std::uint32_t seed = 0; seed < kProblems; ++seed) {
    Dice dice(seed);
    const DataType format = dice.coin() ? DataType::Int8 : DataType::Float32;
    ChipConfig chip = randomChip(format, dice);
    const auto problem = denseProblem(format, dice);
    const auto exact = makeCachedArray(chip, Fidelity::Pe)->cost(problem->tile).timing.stream;
    const auto estimate = arrayTiming(chip, arrayFormat(format), problem->tile.shape()).stream;
    errors.push_back(std::abs(static_cast<double>(estimate) / static_cast<double>(exact) - 1));
  }
  std::ranges::sort(errors);
  double mean = 0;
  for (const double error : errors) mean += error / static_cast<double>(errors.size());
  EXPECT_LT(errors[errors.size() / 2], 0.04);
  EXPECT_LT(mean, 0.12);
  EXPECT_LT(errors[errors.size() * 9 / 10], 0.33);
}

TEST(CachedEstimate, KnowsThePortsOfTheChip) {
  Dice dice(3);
  ChipConfig chip = randomChip(DataType::Int8, dice);
  chip.array.rows = chip.array.cols = 32;
  chip.array.cache = {.bytes = 64, .lineBytes = 16, .ways = 4, .coalesce = false};
  const MatrixShape shape = MatrixShape::product(256, 64, 64);
  const auto stream = [&](const ChipConfig& of) {
    return arrayTiming(of, DataType::Int8, shape).stream;
  };
  const std::int64_t wide = stream(chip);
  chip.buffers.front().banks = 2;
  const std::int64_t narrow = stream(chip);
  EXPECT_EQ(narrow, 8 * wide);
  chip.idealMemory = true;
  EXPECT_LT(stream(chip), wide);
  EXPECT_EQ(stream(chip), arrayTiming(chip.array, DataType::Int8, shape).stream);
}

}  // namespace
}  // namespace npusim
