#include "sim/array/pe/row_stationary_plan.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/array/pe/row_stationary_machine.h"
#include "sim/laws/row_stationary_law.h"
#include "tests/sim/array/random_row_stationary.h"

namespace npusim {
namespace {

using namespace testing_tiles;

/// A layer of AlexNet on Eyeriss's 12 x 14 PEs (Chen et al., JSSC 2017, Tables III and V): images,
/// output rows and columns, filters, filter, channels of a group; its mapping; PEs that it used.
struct Layer {
  const char* name;
  std::array<std::int64_t, 7> extents;
  RowStationaryPass pass;
  std::int64_t activePes;
};

const Layer kAlexNet[] = {
    {"conv1", {1, 55, 55, 96, 11, 11, 3}, {7, 16, 1, 1, 2}, 154},
    {"conv2", {1, 27, 27, 128, 5, 5, 48}, {27, 16, 2, 1, 1}, 135},
    {"conv3", {4, 13, 13, 384, 3, 3, 256}, {13, 16, 4, 1, 4}, 156},
    {"conv4", {4, 13, 13, 192, 3, 3, 192}, {13, 16, 3, 2, 2}, 156},
    {"conv5", {4, 13, 13, 128, 3, 3, 192}, {13, 16, 3, 2, 2}, 156},
};

TEST(RowStationaryPlan, AlexNetUsesThePesOfTheChip) {
  ArrayConfig array;
  array.rows = 12;
  array.cols = 14;
  array.localStore.weights.bytes = 448;
  array.localStore.inputs.bytes = 24;
  for (const Layer& layer : kAlexNet) {
    const RowStationaryPlan plan(array, DataType::Float16, MatrixShape{layer.extents}, layer.pass);
    EXPECT_EQ(plan.mostActivePes(), layer.activePes) << layer.name;
  }
}

/// The PEs that ever do a MAC.
struct Workers : ArrayObserver {
  std::set<std::size_t> pes;

  void onCycle(std::int64_t, std::span<const PeCycle> all) override {
    for (std::size_t pe = 0; pe < all.size(); ++pe) {
      if (all[pe].works) pes.insert(pe);
    }
  }
};

TEST(RowStationaryPlan, ActivePesAreThoseThatDoMacs) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const RowStationaryProblem drawn = drawRowStationary(seed, 3'000);
    const MatrixShape shape = drawn.problem->tile.shape();
    const DataType format = arrayFormat(drawn.problem->tile.a.type);
    const RowStationaryPlan plan(drawn.array, format, shape,
                                 rowStationaryPass(drawn.array, format, shape));
    std::size_t most = 0;
    for (const RowStationaryPiece& piece : plan.pieces()) {
      Workers workers;
      RowStationaryCounts counts;
      RowStationaryMachine<std::int32_t>(drawn.array, format, plan, piece, {}, counts, &workers)
          .run();
      ASSERT_EQ(plan.activePes(piece), workers.pes.size()) << drawn.text;
      most = std::max(most, workers.pes.size());
    }
    ASSERT_EQ(plan.mostActivePes(), most) << drawn.text;
  }
}

}  // namespace
}  // namespace npusim
