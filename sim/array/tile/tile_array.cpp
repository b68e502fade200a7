#include "sim/array/tile/tile_array.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>

#include "sim/array/gather.h"
#include "sim/array/sums.h"
#include "sim/array/tile/product.h"
#include "sim/array/tile/tree_product.h"
#include "sim/core/error.h"
#include "sim/core/rounding.h"
#include "sim/laws/array_law.h"

namespace npusim {
namespace {

/// Elements of A gathered at a time: what a core's second-level cache holds beside a panel.
constexpr std::int64_t kGatheredElements = 1 << 16;

template <typename T>
using Block = std::array<T, kBlockRows * kPanelColumns>;

/// B in panels of kPanelColumns columns: panel p holds k lines of columns 32 p .. 32 p + 31,
/// columns beyond n are zero.
template <typename T>
void gatherPanels(const MatrixTile& tile, const std::vector<Storage>& storages,
                  std::vector<T>& panels) {
  const std::int64_t n = tile.n();
  panels.assign(static_cast<std::size_t>(roundUp(n, kPanelColumns) * tile.k()), T{});
  for (std::int64_t column = 0; column < n; column += kPanelColumns) {
    gatherWeights(tile, storages, column, std::min(kPanelColumns, n - column), kPanelColumns,
                  panels.data() + column * tile.k());
  }
}

/// A block of C += A B in the order in which the array adds: integers do not tell.
void multiplyIn(const std::optional<TreeShape>& tree, const float* rows, const float* panel,
                std::int64_t k, float* block) {
  if (tree) {
    multiplyBlockByTrees(rows, k, panel, *tree, block);
  } else {
    multiplyBlock(rows, k, panel, k, block);
  }
}
template <std::integral Integer>
void multiplyIn(const std::optional<TreeShape>& /*tree*/, const Integer* rows, const Integer* panel,
                std::int64_t k, Integer* block) {
  multiplyBlock(rows, k, panel, k, block);
}

/// C's rows [first, first + count) from the gathered rows of A and the panels of B.
template <typename T>
void multiplyRows(const MatrixTile& tile, const std::vector<T>& rows, const std::vector<T>& panels,
                  const std::optional<TreeShape>& tree, std::int64_t first, std::int64_t count,
                  Sums<T>& sums) {
  const std::int64_t k = tile.k();
  Block<T> block;
  const auto line = [&](std::int64_t i) {
    return &block[static_cast<std::size_t>(i * kPanelColumns)];
  };
  for (std::int64_t column = 0; column < tile.n(); column += kPanelColumns) {
    const std::int64_t columns = std::min(kPanelColumns, tile.n() - column);
    for (std::int64_t row = 0; row < count; row += kBlockRows) {
      const std::int64_t height = std::min(kBlockRows, count - row);
      block.fill(T{});
      for (std::int64_t i = 0; i < height; ++i)
        sums.load(first + row + i, column, columns, line(i));
      multiplyIn(tree, rows.data() + row * k, panels.data() + column * k, k, block.data());
      for (std::int64_t i = 0; i < height; ++i)
        sums.store(first + row + i, column, columns, line(i));
    }
  }
}

}  // namespace

ArrayCost TileArray::cost(const MatrixTile& tile) {
  const DataType format = arrayFormat(tile.a.type);
  const MatrixShape shape = tile.shape();
  return {arrayTiming(array_, format, shape), arrayWork(array_, format, shape)};
}

ZeroWork TileArray::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  const std::int64_t zeros = withSumType(tile.c.type, [&]<typename T>(T) {
    return product(tile, storages, std::get<Scratch<T>>(scratch_));
  });
  return zeroWork(array_, arrayFormat(tile.a.type), tile.shape(), zeros);
}

template <typename T>
std::int64_t TileArray::product(const MatrixTile& tile, std::vector<Storage>& storages,
                                Scratch<T>& scratch) {
  const std::int64_t m = tile.m();
  const std::int64_t k = tile.k();
  gatherPanels(tile, storages, scratch.panels);
  Sums<T> sums(tile, storages);
  const auto tree = treeShape(array_, arrayFormat(tile.a.type), tile.shape());
  const std::int64_t step = std::max(kGatheredElements / k, kBlockRows) / kBlockRows * kBlockRows;
  std::int64_t zeros = 0;
  for (std::int64_t first = 0; first < m; first += step) {
    const std::int64_t count = std::min(step, m - first);
    scratch.rows.assign(static_cast<std::size_t>(roundUp(count, kBlockRows) * k), T{});
    gatherRows(tile, storages, first, count, scratch.rows.data());
    zeros += std::count(scratch.rows.begin(), scratch.rows.begin() + count * k, T{});
    multiplyRows(tile, scratch.rows, scratch.panels, tree, first, count, sums);
  }
  return zeros;
}

}  // namespace npusim
