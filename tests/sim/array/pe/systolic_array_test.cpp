#include "sim/array/pe/systolic_array.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "sim/array/gather.h"
#include "sim/array/tile/tile_array.h"
#include "tests/sim/array/expect_equal.h"
#include "tests/sim/array/random_tile.h"

namespace npusim {
namespace {

using namespace testing_tiles;

TEST(SystolicArray, EqualsTheLawAndTheFastProductOnRandomTiles) {
  const std::uint32_t count = randomTiles(1000);
  for (std::uint32_t seed = 0; seed < count; ++seed) {
    const RandomTile drawn = randomTile(seed);
    SCOPED_TRACE(drawn.text);
    TileArray law(drawn.array);
    SystolicArray pe(drawn.array);
    expectEqual(resultOf(pe, *drawn.problem), resultOf(law, *drawn.problem));
    if (HasFailure()) break;
  }
}

/// An instruction of m x n x k without operands: enough for what it costs.
struct Shape {
  std::array<std::int64_t, MatrixTile::kDimensions> noStrides{};
  MatrixTile tile;

  Shape(std::int64_t m, std::int64_t n, std::int64_t k) {
    tile.extents = MatrixShape::product(m, n, k).extents;
    tile.a.type = DataType::Int8;
    tile.a.strides = noStrides;
  }
};

ArrayConfig arrayOf(const char* dataflow, std::int64_t rows, std::int64_t cols, double rate) {
  ArrayConfig array;
  array.rows = rows;
  array.cols = cols;
  array.dataflow = dataflowPreset(dataflow);
  array.macsPerCycle = {{DataType::Int8, rate}};
  return array;
}

/// Nothing but the links gives the time: a slower one shows, and the law knows nothing of it.
TEST(SystolicArray, OneSlowerLinkTellsItFromTheLaw) {
  const Shape shape(30, 12, 20);
  for (const char* dataflow : {"weight_stationary", "output_stationary", "input_stationary"}) {
    const ArrayConfig array = arrayOf(dataflow, 8, 5, 1);
    const ArrayTiming law = TileArray(array).cost(shape.tile).timing;
    const auto drain = [&](const LinkBeats& links) {
      return SystolicArray(array, links).cost(shape.tile).timing.drain;
    };
    EXPECT_EQ(drain({}), law.drain) << dataflow;
    EXPECT_EQ(drain({.acrossCols = 2}), law.drain + 4) << dataflow;
    EXPECT_EQ(drain({.downRows = 2}), law.drain + 7) << dataflow;
  }
}

TEST(SystolicArray, SlowerLinksKeepTheValues) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const RandomTile drawn = randomTile(seed, {.axis = 16, .peSteps = 500, .macs = 20'000});
    SCOPED_TRACE(drawn.text);
    const std::vector<std::byte> start = resultBytes(*drawn.problem);
    TileArray(drawn.array).compute(drawn.problem->tile, drawn.problem->storages);
    const std::vector<std::byte> values = resultBytes(*drawn.problem);
    restoreBytes(*drawn.problem, start);
    SystolicArray slow(drawn.array, {.acrossCols = 3, .downRows = 2});
    slow.compute(drawn.problem->tile, drawn.problem->storages);
    EXPECT_EQ(resultBytes(*drawn.problem), values);
  }
}

/// 8 PEs in a chain at a multiply-accumulate every 4 cycles hold a sum 32 cycles, so the 3 parts of
/// k follow each other every 32 cycles although the rows are filled in 8.
TEST(SystolicArray, PartsOfKWaitForTheSumsOfTheOneBefore) {
  const Shape shape(1, 1, 24);
  const ArrayConfig array = arrayOf("weight_stationary", 8, 2, 0.25);
  const ArrayTiming expected{8, 32 + 32 + 8, 7 * 4 + 1 * 4};
  EXPECT_EQ(SystolicArray(array).cost(shape.tile).timing, expected);
  EXPECT_EQ(TileArray(array).cost(shape.tile).timing, expected);
}

/// Keeps every step it sees, and checks that cycles come in order.
class Steps : public ArrayObserver {
 public:
  void onCycle(std::int64_t cycle, std::span<const PeCycle> pes) override {
    EXPECT_EQ(cycle, cycles++);
    for (const PeCycle& pe : pes) {
      if (!pe.works) continue;
      EXPECT_TRUE(steps.insert({{pe.m, pe.n, pe.k}, pe}).second)
          << pe.m << ' ' << pe.n << ' ' << pe.k;
    }
  }

  std::int64_t cycles = 0;
  std::map<std::array<std::int64_t, 3>, PeCycle> steps;
};

/// A [m x k], B [k x n] and C [m x n].
struct Matrices {
  std::vector<float> a, b;
  std::vector<double> c;

  explicit Matrices(const Problem& problem) {
    const MatrixTile& tile = problem.tile;
    const auto size = [](std::int64_t elements) { return static_cast<std::size_t>(elements); };
    a.resize(size(tile.m() * tile.k()));
    b.resize(size(tile.k() * tile.n()));
    c.resize(size(tile.m() * tile.n()));
    const Storage& storage = problem.storages[0];
    gatherRows(tile, problem.storages, 0, tile.m(), a.data());
    gatherWeights(tile, problem.storages, 0, tile.n(), tile.n(), b.data());
    const std::int64_t width = byteSize(tile.c.type);
    readElements(tile.c.type, storage.at(tile.c.address, std::ssize(c) * width), width,
                 std::ssize(c), c.data());
  }
};

/// The observer sees every product once, with its operands, and the last sum of each chain.
void expectObserved(const RandomTile& drawn) {
  const MatrixTile& tile = drawn.problem->tile;
  SystolicArray array(drawn.array);
  Steps seen;
  array.observe(&seen);
  array.compute(tile, drawn.problem->storages);
  const Matrices matrices(*drawn.problem);
  const bool scaleSim = drawn.array.convention == Convention::ScaleSim;
  const std::int64_t last = array.cost(tile).timing.total() + (scaleSim ? 1 : 0);
  EXPECT_EQ(seen.cycles, last);
  EXPECT_EQ(std::ssize(seen.steps), tile.m() * tile.n() * tile.k());
  for (const auto& [at, pe] : seen.steps) {
    const auto index = [](std::int64_t i) { return static_cast<std::size_t>(i); };
    EXPECT_EQ(pe.input, static_cast<double>(matrices.a.at(index(at[0] * tile.k() + at[2]))));
    EXPECT_EQ(pe.weight, static_cast<double>(matrices.b.at(index(at[2] * tile.n() + at[1]))));
    if (at[2] + 1 < tile.k() || drawn.array.dataflow.outputs == Travel::Tree) continue;
    EXPECT_EQ(pe.sum, matrices.c.at(index(at[0] * tile.n() + at[1])));
  }
}

TEST(SystolicArray, ObserverSeesEveryStep) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    RandomTile drawn = randomTile(seed, {.axis = 9, .peSteps = 200, .macs = 1'500});
    double& rate = drawn.array.macsPerCycle.begin()->second;
    if (rate > 1 || drawn.problem->tile.c.type == DataType::Float16) continue;
    SCOPED_TRACE(drawn.text);
    expectObserved(drawn);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace npusim
