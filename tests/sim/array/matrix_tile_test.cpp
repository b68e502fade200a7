#include "sim/array/matrix_tile.h"

#include <gtest/gtest.h>

namespace npusim {
namespace {

/// A tile of an image 10 pixels of 4 bytes wide, `step` rows between outputs and `dilation` between
/// taps.
struct Rows {
  Rows(std::int64_t step, std::int64_t dilation, std::int64_t taps)
      : strides{400, 40 * step, 4, 0, 40 * dilation, 4, 4}, bound{0, step, 0, 0, dilation, 0, 0} {
    tile.extents = {1, 5, 5, 1, taps, 3, 1};
    tile.a = {0, 0, strides, {{0, 10, bound}}, DataType::Float32};
  }
  std::array<std::int64_t, 7> strides, bound;
  MatrixTile tile;
};

using Pair = std::pair<std::int64_t, std::int64_t>;

Pair spacing(const MatrixTile& tile) {
  const MatrixShape shape = tile.shape();
  return {shape.strides[0], shape.dilations[0]};
}

TEST(MatrixTile, SpacingOfRowsIsStrideAndDilationWithoutTheirCommonFactor) {
  EXPECT_EQ(spacing(Rows(1, 1, 3).tile), Pair(1, 1));
  EXPECT_EQ(spacing(Rows(4, 1, 3).tile), Pair(4, 1));
  EXPECT_EQ(spacing(Rows(1, 2, 3).tile), Pair(1, 2));
  EXPECT_EQ(spacing(Rows(2, 2, 3).tile), Pair(1, 1));
  EXPECT_EQ(spacing(Rows(6, 4, 3).tile), Pair(3, 2));
  EXPECT_EQ(spacing(Rows(-2, 1, 3).tile), Pair(-2, 1));
  EXPECT_EQ(spacing(Rows(2, -1, 3).tile), Pair(-2, 1));
}

TEST(MatrixTile, OutputsOfAOneTapFilterShareNothing) {
  EXPECT_EQ(spacing(Rows(3, 7, 1).tile), Pair(1, 1));
}

TEST(MatrixTile, RowsThatMemoryOrABoundSeesOtherwiseAreNotShared) {
  EXPECT_EQ(spacing(Rows(1, 0, 3).tile), Pair(3, 1));
  Rows rows(1, 1, 3);
  rows.bound[4] = 2;
  EXPECT_EQ(spacing(rows.tile), Pair(3, 1));
}

}  // namespace
}  // namespace npusim
