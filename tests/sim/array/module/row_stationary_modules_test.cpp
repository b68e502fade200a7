#include "sim/array/module/row_stationary_modules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sim/array/pe/row_stationary_array.h"
#include "sim/core/error.h"
#include "sim/laws/row_stationary_law.h"
#include "tests/sim/array/expect_equal.h"
#include "tests/sim/array/module/vcd.h"
#include "tests/sim/array/random_row_stationary.h"

namespace npusim {
namespace {

using namespace testing_tiles;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::int64_t kMacs = 3'000;

RowStationaryMapper mapperOf(const ArrayConfig& array) {
  return [array](DataType format, const MatrixShape& shape) {
    return rowStationaryPass(array, format, shape);
  };
}

/// Keeps what it saw.
struct Recorder : ArrayObserver {
  struct Seen {
    std::int64_t cycle, pe, m, n, k;
    double weight, input, sum;
    bool operator==(const Seen&) const = default;
  };
  std::vector<Seen> seen;

  void onCycle(std::int64_t cycle, std::span<const PeCycle> pes) override {
    for (std::size_t i = 0; i < pes.size(); ++i) {
      const PeCycle& pe = pes[i];
      if (!pe.works) continue;
      seen.push_back(
          {cycle, static_cast<std::int64_t>(i), pe.m, pe.n, pe.k, pe.weight, pe.input, pe.sum});
    }
  }
};

/// The modules and the structure of arrays do the same in every cycle, and count and compute alike.
void expectEqualToPes(const RowStationaryProblem& drawn) {
  SCOPED_TRACE(drawn.text);
  RowStationaryModules modules(drawn.array, mapperOf(drawn.array));
  RowStationaryArray pes(drawn.array, mapperOf(drawn.array));
  Recorder ofModules, ofPes;
  modules.observe(&ofModules);
  pes.observe(&ofPes);
  expectEqual(resultOf(modules, *drawn.problem), resultOf(pes, *drawn.problem));
  EXPECT_TRUE(ofModules.seen == ofPes.seen);
}

TEST(RowStationaryModules, RandomConvolutionsAgreeWithThePesInEveryCycle) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const RowStationaryProblem drawn = drawRowStationary(seed, kMacs);
    expectEqualToPes(drawn);
    if (HasFailure()) return;
  }
}

TEST(RowStationaryModules, OneModelRunsManyInstructions) {
  const RowStationaryProblem first = drawRowStationary(1, kMacs);
  RowStationaryModules modules(first.array, mapperOf(first.array));
  const ArrayCost alone = modules.cost(first.problem->tile);
  MatrixTile other = first.problem->tile;
  other.extents[3] = 1;
  EXPECT_EQ(modules.cost(other),
            RowStationaryModules(first.array, mapperOf(first.array)).cost(other));
  modules.compute(other, first.problem->storages);
  modules.compute(first.problem->tile, first.problem->storages);
  EXPECT_EQ(modules.cost(first.problem->tile), alone);
}

std::string peName(std::int64_t row, std::int64_t column) {
  return "pe_" + std::to_string(row) + "_" + std::to_string(column) + ".";
}

TEST(RowStationaryModules, WaveformsShowEveryPe) {
  const RowStationaryProblem drawn = drawRowStationary(3, kMacs);
  RowStationaryModules modules(drawn.array, mapperOf(drawn.array));
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / "row_stationary.vcd";
  modules.traceTo(path.string());
  modules.compute(drawn.problem->tile, drawn.problem->storages);
  const std::vector<std::string> names = modules::Vcd(path.string()).names();
  std::filesystem::remove(path);
  for (std::int64_t row = 0; row < drawn.array.rows; ++row) {
    for (std::int64_t column = 0; column < drawn.array.cols; ++column) {
      for (const char* signal : {"works", "input", "weight", "sum"}) {
        EXPECT_THAT(names, Contains(EndsWith(peName(row, column) + signal)));
      }
    }
  }
}

TEST(RowStationaryModules, MoreThanAThousandPesAreRefused) {
  ArrayConfig array;
  array.rows = array.cols = 33;
  array.dataflow = dataflowPreset("row_stationary");
  try {
    RowStationaryModules modules(array, mapperOf(array));
    FAIL() << "no refusal";
  } catch (const NotPossible& error) {
    EXPECT_THAT(error.what(), HasSubstr("at most 1024 PEs, the array has 33 x 33 = 1089"));
  }
}

}  // namespace
}  // namespace npusim
