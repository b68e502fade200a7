#include "sim/array/pe/row_stationary_array.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/array/gather.h"
#include "sim/array/sums.h"
#include "sim/array/tile/row_stationary_tile.h"
#include "sim/core/error.h"
#include "sim/laws/row_stationary_law.h"
#include "tests/sim/array/expect_equal.h"
#include "tests/sim/array/random_row_stationary.h"

namespace npusim {
namespace {

using namespace testing_tiles;

RowStationaryArray machineOf(const ArrayConfig& array) {
  return {array, [array](DataType format, const MatrixShape& shape) {
            return rowStationaryPass(array, format, shape);
          }};
}

/// The law and the machine give the same cycles, counters, values and zeros.
void expectEqualToTile(const RowStationaryProblem& drawn) {
  SCOPED_TRACE(drawn.text);
  RowStationaryTile tile(drawn.array);
  RowStationaryArray machine = machineOf(drawn.array);
  expectEqual(resultOf(machine, *drawn.problem), resultOf(tile, *drawn.problem));
}

TEST(RowStationary, RandomConvolutionsAgreeInTimesCountersAndValues) {
  for (std::uint32_t seed = 0; seed < randomTiles(1000); ++seed) {
    const RowStationaryProblem drawn = drawRowStationary(seed);
    expectEqualToTile(drawn);
    if (HasFailure()) return;
  }
}

/// Parameters that the array may refuse.
RowStationaryPass randomMapping(Dice& dice) {
  return {dice.roll(1, 20), dice.roll(1, 8), dice.roll(1, 4), dice.roll(1, 3), dice.roll(1, 4)};
}

TEST(RowStationary, GivenMappingsAgreeAsWell) {
  int taken = 0;
  for (std::uint32_t seed = 0; seed < randomTiles(1000); ++seed) {
    const RowStationaryProblem drawn = drawRowStationary(seed);
    Dice dice(seed + 1);
    MatrixTile& tile = drawn.problem->tile;
    tile.pass = randomMapping(dice);
    try {
      rowStationaryPass(drawn.array, arrayFormat(tile.a.type), tile.shape());
    } catch (const NotPossible&) {
      continue;
    }
    ++taken;
    expectEqualToTile(drawn);
    if (HasFailure()) return;
  }
  EXPECT_GT(taken, 100);
}

/// Each output as a plain sum, and the sum of its products' magnitudes.
struct Plain {
  std::vector<double> values, magnitudes;
};

template <typename T>
Plain plainProduct(const Problem& problem, std::vector<Storage>& storages) {
  const MatrixTile& tile = problem.tile;
  const std::int64_t m = tile.m(), n = tile.n(), k = tile.k();
  std::vector<T> a(static_cast<std::size_t>(m * k)), b(static_cast<std::size_t>(k * n)),
      start(static_cast<std::size_t>(n));
  gatherRows(tile, storages, 0, m, a.data());
  gatherWeights(tile, storages, 0, n, n, b.data());
  const Sums<T> sums(tile, storages);
  Plain plain;
  for (std::int64_t i = 0; i < m; ++i) {
    sums.load(i, 0, n, start.data());
    for (std::int64_t j = 0; j < n; ++j) {
      double value = static_cast<double>(start[static_cast<std::size_t>(j)]);
      double magnitude = std::abs(value);
      for (std::int64_t l = 0; l < k; ++l) {
        const double product = static_cast<double>(a[static_cast<std::size_t>(i * k + l)]) *
                               static_cast<double>(b[static_cast<std::size_t>(l * n + j)]);
        value += product;
        magnitude += std::abs(product);
      }
      plain.values.push_back(value);
      plain.magnitudes.push_back(magnitude);
    }
  }
  return plain;
}

/// Rounding errors that k additions in fp32, and one to fp16 for each of up to k passes, may make.
double toleranceOf(const MatrixTile& tile) {
  if (!isFloat(tile.c.type)) return 0;
  const double unit = tile.c.type == DataType::Float16 ? std::ldexp(1, -11) : std::ldexp(1, -24);
  return 2 * unit * static_cast<double>(tile.k() + 1);
}

template <typename T>
void expectPlain(const RowStationaryProblem& drawn) {
  Problem& problem = *drawn.problem;
  const Plain plain = plainProduct<T>(problem, problem.storages);
  machineOf(drawn.array).compute(problem.tile, problem.storages);
  MatrixTile result = problem.tile;
  result.accumulates = true;
  const Sums<T> sums(result, problem.storages);
  std::vector<T> line(static_cast<std::size_t>(result.n()));
  std::size_t at = 0;
  for (std::int64_t row = 0; row < result.m(); ++row) {
    sums.load(row, 0, result.n(), line.data());
    for (const T value : line) {
      ASSERT_NEAR(static_cast<double>(value), plain.values[at],
                  toleranceOf(result) * plain.magnitudes[at])
          << drawn.text << ", output " << at;
      ++at;
    }
  }
}

TEST(RowStationary, ValuesAreThoseOfAPlainProduct) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const RowStationaryProblem drawn = drawRowStationary(seed);
    withSumType(drawn.problem->tile.c.type, [&]<typename T>(T) { expectPlain<T>(drawn); });
    if (HasFailure()) return;
  }
}

TEST(RowStationary, AChangedLinkOfTheMachineIsSeen) {
  const auto slower = [](void (*change)(RowStationaryConfig&)) {
    const RowStationaryProblem drawn = drawRowStationary(7);
    ArrayConfig changed = drawn.array;
    change(changed.rowStationary);
    RowStationaryTile tile(drawn.array);
    RowStationaryArray machine(changed, [&](DataType format, const MatrixShape& shape) {
      return rowStationaryPass(drawn.array, format, shape);
    });
    return machine.cost(drawn.problem->tile).timing.total() -
           tile.cost(drawn.problem->tile).timing.total();
  };
  EXPECT_EQ(slower([](RowStationaryConfig&) {}), 0);
  EXPECT_GT(slower([](RowStationaryConfig& config) { ++config.pipelineStages; }), 0);
  EXPECT_GT(slower([](RowStationaryConfig& config) { config.filterBusBits = 1; }), 0);
  EXPECT_GT(slower([](RowStationaryConfig& config) { config.inputBusBits = 1; }), 0);
  EXPECT_GT(slower([](RowStationaryConfig& config) { config.sumBusBits = 1; }), 0);
}

/// Sees the MACs of every PE and sums up their products by output.
class MacObserver : public ArrayObserver {
 public:
  MacObserver(std::int64_t n, std::int64_t outputs)
      : n_(n), sums_(static_cast<std::size_t>(outputs)) {}

  void onCycle(std::int64_t cycle, std::span<const PeCycle> pes) override {
    EXPECT_EQ(cycle, cycles);
    ++cycles;
    for (const PeCycle& pe : pes) {
      if (!pe.works) continue;
      ++macs;
      sums_[static_cast<std::size_t>(pe.m * n_ + pe.n)] += pe.input * pe.weight;
    }
  }
  const std::vector<double>& sums() const { return sums_; }

  std::int64_t cycles = 0, macs = 0;

 private:
  std::int64_t n_;
  std::vector<double> sums_;
};

TEST(RowStationary, AnObserverSeesEveryMacOnce) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const RowStationaryProblem drawn = drawRowStationary(seed);
    MatrixTile& tile = drawn.problem->tile;
    if (isFloat(tile.a.type)) continue;
    tile.accumulates = false;
    tile.bias.reset();
    const Plain plain = plainProduct<std::int32_t>(*drawn.problem, drawn.problem->storages);
    RowStationaryArray machine = machineOf(drawn.array);
    MacObserver observer(tile.n(), tile.m() * tile.n());
    machine.observe(&observer);
    machine.compute(tile, drawn.problem->storages);
    EXPECT_EQ(observer.cycles, machine.cost(tile).timing.total()) << drawn.text;
    EXPECT_EQ(observer.macs, tile.shape().macs()) << drawn.text;
    EXPECT_EQ(observer.sums(), plain.values) << drawn.text;
  }
}

}  // namespace
}  // namespace npusim
