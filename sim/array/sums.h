#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/core/error.h"
#include "sim/memory/storage.h"

namespace npusim {

/// The sums of a tile on their way to and from the accumulators. T is float, int32_t or int64_t;
/// sums that lie there as fp16 are widened and rounded to nearest even.
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

/// compute(T{}) with the type in which sums that lie as `sums` are added.
template <typename Compute>
auto withSumType(DataType sums, Compute compute) {
  if (sums == DataType::Int32) return compute(std::int32_t{});
  if (sums == DataType::Int64) return compute(std::int64_t{});
  ensure(isFloat(sums), "matrix sums are fp32, fp16, int32 or int64");
  return compute(float{});
}

}  // namespace npusim
