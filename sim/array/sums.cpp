#include "sim/array/sums.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "sim/memory/element_io.h"

namespace npusim {
namespace {

/// Sums that lie in the accumulators as T do; fp16 ones widen and round on the way.
template <typename T>
bool narrow(const MatrixTile& tile) {
  return std::is_same_v<T, float> && tile.c.type != DataType::Float32;
}

template <typename T>
void copyFrom(const Storage& from, std::int64_t first, std::int64_t stride, std::int64_t count,
              T* to) {
  constexpr std::int64_t kWidth = sizeof(T);
  if (stride == kWidth) {
    std::memcpy(to, from.at(first, count * kWidth), static_cast<std::size_t>(count * kWidth));
    return;
  }
  for (std::int64_t j = 0; j < count; ++j) {
    std::memcpy(to + j, from.at(first + j * stride, kWidth), kWidth);
  }
}

}  // namespace

template <typename T>
Sums<T>::Sums(const MatrixTile& tile, std::vector<Storage>& storages)
    : tile_(tile),
      storage_(storages[static_cast<std::size_t>(tile.c.storage)]),
      stride_(tile.c.strides[MatrixTile::kN]) {
  if (!tile.bias || tile.accumulates) return;
  const ResolvedAccess& bias = *tile.bias;
  start_.resize(static_cast<std::size_t>(tile.n()));
  copyFrom(storages[static_cast<std::size_t>(bias.storage)], bias.address,
           bias.strides[MatrixTile::kN], tile.n(), start_.data());
}

template <typename T>
void Sums<T>::load(std::int64_t row, std::int64_t column, std::int64_t count, T* line) const {
  if (tile_.accumulates && narrow<T>(tile_)) {
    const std::int64_t width = byteSize(tile_.c.type);
    const std::int64_t first = address(row, column);
    readElements(tile_.c.type, storage_.at(first, stride_ * (count - 1) + width), stride_, count,
                 line);
  } else if (tile_.accumulates) {
    copyFrom(storage_, address(row, column), stride_, count, line);
  } else if (!start_.empty()) {
    std::copy_n(start_.begin() + column, count, line);
  } else {
    std::fill_n(line, count, T{});
  }
}

template <typename T>
void Sums<T>::store(std::int64_t row, std::int64_t column, std::int64_t count, const T* line) {
  constexpr std::int64_t kWidth = sizeof(T);
  const std::int64_t first = address(row, column);
  if constexpr (std::is_same_v<T, float>) {
    if (narrow<T>(tile_)) {
      const std::int64_t reach = stride_ * (count - 1) + byteSize(tile_.c.type);
      return writeFloats(tile_.c.type, line, count, storage_.at(first, reach), stride_);
    }
  }
  if (stride_ == kWidth) {
    std::memcpy(storage_.at(first, count * kWidth), line, static_cast<std::size_t>(count * kWidth));
    return;
  }
  for (std::int64_t j = 0; j < count; ++j) {
    std::memcpy(storage_.at(first + j * stride_, kWidth), line + j, kWidth);
  }
}

template <typename T>
std::int64_t Sums<T>::address(std::int64_t row, std::int64_t column) const {
  const auto& extents = tile_.extents;
  const auto& strides = tile_.c.strides;
  return tile_.c.address + row % extents[2] * strides[2] +
         row / extents[2] % extents[1] * strides[1] + row / (extents[2] * extents[1]) * strides[0] +
         column * stride_;
}

template class Sums<float>;
template class Sums<std::int32_t>;
template class Sums<std::int64_t>;

}  // namespace npusim
