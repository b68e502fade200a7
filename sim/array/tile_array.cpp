#include "sim/array/tile_array.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "sim/array/gather.h"
#include "sim/array/product.h"
#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

/// Elements of A gathered at a time: what a core's second-level cache holds beside a panel.
constexpr std::int64_t kGatheredElements = 1 << 16;

/// Blocks of C on their way to and from the accumulators, and what new sums start from.
template <typename T>
class Sums {
 public:
  using Block = std::array<T, kBlockRows * kPanelColumns>;

  Sums(const MatrixTile& tile, std::vector<Storage>& storages)
      : tile_(tile),
        storage_(storages[static_cast<std::size_t>(tile.c.storage)]),
        stride_(tile.c.strides[MatrixTile::kN]) {
    if (!tile.bias || tile.accumulates) return;
    const ResolvedAccess& bias = *tile.bias;
    start_.resize(static_cast<std::size_t>(tile.n()));
    copy(storages[static_cast<std::size_t>(bias.storage)], bias.address,
         bias.strides[MatrixTile::kN], tile.n(), start_.data());
  }

  void load(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
            Block& block) const {
    block.fill(T{});
    for (std::int64_t i = 0; i < rows; ++i) {
      T* line = &block[static_cast<std::size_t>(i * kPanelColumns)];
      if (tile_.accumulates) {
        copy(storage_, address(row + i, column), stride_, columns, line);
      } else if (!start_.empty()) {
        std::copy_n(start_.begin() + column, columns, line);
      }
    }
  }

  void store(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
             const Block& block) {
    for (std::int64_t i = 0; i < rows; ++i) {
      const T* line = &block[static_cast<std::size_t>(i * kPanelColumns)];
      const std::int64_t first = address(row + i, column);
      if (stride_ == kWidth) {
        std::memcpy(storage_.at(first, columns * kWidth), line,
                    static_cast<std::size_t>(columns * kWidth));
        continue;
      }
      for (std::int64_t j = 0; j < columns; ++j) {
        std::memcpy(storage_.at(first + j * stride_, kWidth), line + j, kWidth);
      }
    }
  }

 private:
  static constexpr std::int64_t kWidth = sizeof(T);

  static void copy(const Storage& from, std::int64_t first, std::int64_t stride, std::int64_t count,
                   T* to) {
    if (stride == kWidth) {
      std::memcpy(to, from.at(first, count * kWidth), static_cast<std::size_t>(count * kWidth));
      return;
    }
    for (std::int64_t j = 0; j < count; ++j) {
      std::memcpy(to + j, from.at(first + j * stride, kWidth), kWidth);
    }
  }

  std::int64_t address(std::int64_t row, std::int64_t column) const {
    const auto& extents = tile_.extents;
    const auto& strides = tile_.c.strides;
    return tile_.c.address + row % extents[2] * strides[2] +
           row / extents[2] % extents[1] * strides[1] +
           row / (extents[2] * extents[1]) * strides[0] + column * stride_;
  }

  const MatrixTile& tile_;
  Storage& storage_;
  std::int64_t stride_;
  std::vector<T> start_;
};

/// C's rows [first, first + count) from the gathered rows of A and the panels of B.
template <typename T>
void multiplyRows(const MatrixTile& tile, const std::vector<T>& rows, const std::vector<T>& panels,
                  std::int64_t first, std::int64_t count, Sums<T>& sums) {
  const std::int64_t k = tile.k();
  typename Sums<T>::Block block;
  for (std::int64_t column = 0; column < tile.n(); column += kPanelColumns) {
    const std::int64_t columns = std::min(kPanelColumns, tile.n() - column);
    for (std::int64_t row = 0; row < count; row += kBlockRows) {
      const std::int64_t height = std::min(kBlockRows, count - row);
      sums.load(first + row, height, column, columns, block);
      multiplyBlock(rows.data() + row * k, k, panels.data() + column * k, k, block.data());
      sums.store(first + row, height, column, columns, block);
    }
  }
}

}  // namespace

DataType arrayFormat(DataType operand) {
  return operand == DataType::UInt8 ? DataType::Int8 : operand;
}

ArrayCost TileArray::cost(const MatrixTile& tile) {
  const MatrixShape shape{tile.m(), tile.n(), tile.k()};
  const DataType format = arrayFormat(tile.a.type);
  return {arrayTiming(array_, format, shape), arrayWork(array_, format, shape, tile.accumulates)};
}

std::int64_t TileArray::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  if (tile.c.type == DataType::Int32) return product(tile, storages, integers_);
  ensure(tile.c.type == DataType::Float32, "matrix sums are fp32 or int32");
  return product(tile, storages, floats_);
}

template <typename T>
std::int64_t TileArray::product(const MatrixTile& tile, std::vector<Storage>& storages,
                                Scratch<T>& scratch) {
  const std::int64_t m = tile.m();
  const std::int64_t k = tile.k();
  const Storage& inputs = storages[static_cast<std::size_t>(tile.a.storage)];
  gatherPanels(tile, storages[static_cast<std::size_t>(tile.b.storage)], scratch.panels);
  Sums<T> sums(tile, storages);
  const std::int64_t step = std::max(kGatheredElements / k, kBlockRows) / kBlockRows * kBlockRows;
  std::int64_t zeros = 0;
  for (std::int64_t first = 0; first < m; first += step) {
    const std::int64_t count = std::min(step, m - first);
    scratch.rows.assign(static_cast<std::size_t>(roundUp(count, kBlockRows) * k), T{});
    gatherRows(tile, inputs, first, count, scratch.rows.data());
    zeros += std::count(scratch.rows.begin(), scratch.rows.begin() + count * k, T{});
    multiplyRows(tile, scratch.rows, scratch.panels, first, count, sums);
  }
  return zeros;
}

}  // namespace npusim
