#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/memory/storage.h"

namespace npusim {

/// The sums of a tile on their way to and from the accumulators. T is float or int32_t; sums that
/// lie there as fp16 are widened and rounded to nearest even.
template <typename T>
class Sums {
 public:
  Sums(const MatrixTile& tile, std::vector<Storage>& storages);

  /// What columns [column, column + count) of a row start from: earlier sums, the bias or zero.
  void load(std::int64_t row, std::int64_t column, std::int64_t count, T* line) const;
  void store(std::int64_t row, std::int64_t column, std::int64_t count, const T* line);

 private:
  std::int64_t address(std::int64_t row, std::int64_t column) const;

  const MatrixTile& tile_;
  Storage& storage_;
  std::int64_t stride_;   ///< bytes from column to column
  std::vector<T> start_;  ///< the bias, where sums start from it
};

}  // namespace npusim
