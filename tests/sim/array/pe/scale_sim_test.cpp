#include <gtest/gtest.h>

#include <array>

#include "sim/array/pe/systolic_array.h"
#include "tests/sim/array/scale_sim_rows.h"

namespace npusim {
namespace {

MatrixTile product(const scale_sim::Row& row, std::span<const std::int64_t> noStrides) {
  MatrixTile tile;
  tile.extents = MatrixShape::product(row.m, row.n, row.k).extents;
  tile.a.type = DataType::Int8;
  tile.a.strides = noStrides;
  return tile;
}

TEST(ScaleSim, EveryGoldenRowUpTo64x64) {
  const std::array<std::int64_t, MatrixTile::kDimensions> noStrides{};
  std::size_t tried = 0;
  for (const scale_sim::Row& row : scale_sim::goldenRows()) {
    if (row.rows > 64 || row.cols > 64) continue;
    SystolicArray array(row.array());
    EXPECT_EQ(array.cost(product(row, noStrides)).timing.total(), row.cycles) << row.text;
    ++tried;
  }
  EXPECT_EQ(tried, 5878u);
}

}  // namespace
}  // namespace npusim
