#include "sim/array/gather.h"

#include <algorithm>
#include <array>

#include "sim/memory/element_io.h"

namespace npusim {
namespace {

using Position = std::array<std::int64_t, MatrixTile::kDimensions>;

/// Bytes from the first to past the last of `count` elements, and where the first byte lies.
struct Span {
  std::int64_t lowest, bytes;
};

Span spanOf(std::int64_t first, std::int64_t stride, std::int64_t count, std::int64_t width) {
  const std::int64_t reach = stride * (count - 1);
  return {std::min(first, first + reach), std::abs(reach) + width};
}

/// Reads `count` elements along one dimension, checking that they lie in the storage.
template <typename T>
void readLine(const Storage& storage, const ResolvedAccess& access, std::int64_t first,
              std::int64_t stride, std::int64_t count, T* target) {
  const Span span = spanOf(first, stride, count, byteSize(access.type));
  const std::byte* lowest = storage.at(span.lowest, span.bytes);
  readElements(access.type, lowest + (first - span.lowest), stride, count, target);
}

Position rowPosition(const MatrixTile& tile, std::int64_t row) {
  Position position{};
  position[2] = row % tile.extents[2];
  position[1] = row / tile.extents[2] % tile.extents[1];
  position[0] = row / (tile.extents[2] * tile.extents[1]);
  return position;
}

/// The zero point that belongs to a position; 0 without one.
template <typename T>
T zeroPointAt(const std::optional<ResolvedAccess>& zero, const std::vector<Storage>& storages,
              const Position& position) {
  T value{};
  if (!zero) return value;
  readLine(storages[static_cast<std::size_t>(zero->storage)], *zero,
           dot(zero->address, zero->strides, position), 0, 1, &value);
  return value;
}

/// The dimensions of k as few as the layout allows: a run of k that is contiguous in A and on which
/// no bound depends becomes one dimension.
struct KDimensions {
  std::array<std::int64_t, 3> extents;
  std::int64_t stride;  ///< of the innermost
};

KDimensions mergeK(const MatrixTile& tile) {
  const auto& strides = tile.a.strides;
  KDimensions k{{tile.extents[4], tile.extents[5], tile.extents[6]}, strides[6]};
  const auto unbounded = [&](std::size_t d) {
    return std::ranges::all_of(tile.a.bounds, [d](const auto& b) { return b.strides[d] == 0; });
  };
  for (std::size_t d = 2; d-- > 0;) {
    const bool continues = k.extents[d] == 1 || strides[4 + d] == k.stride * k.extents[2];
    const bool innerIsOne = k.extents[2] == 1 && unbounded(6);
    if (!unbounded(4 + d) || !unbounded(6) || !(continues || innerIsOne)) break;
    if (innerIsOne && !continues) k.stride = strides[4 + d];
    k.extents[2] *= k.extents[d];
    k.extents[d] = 1;
  }
  return k;
}

}  // namespace

template <typename T>
void gatherRows(const MatrixTile& tile, const std::vector<Storage>& storages, std::int64_t firstRow,
                std::int64_t rows, T* block) {
  const Storage& storage = storages[static_cast<std::size_t>(tile.a.storage)];
  const KDimensions k = mergeK(tile);
  for (std::int64_t row = firstRow; row < firstRow + rows; ++row) {
    Position position = rowPosition(tile, row);
    const T zero = zeroPointAt<T>(tile.zeroA, storages, position);
    const T padding = tile.zeroA ? zero : static_cast<T>(tile.padding);
    T* const first = block;
    const std::span<std::int64_t> outer(&position[4], 2);
    do {
      const PositionRange valid =
          validPositions(tile.a, position, MatrixTile::kLast, {0, k.extents[2]});
      T* line = block;
      block += k.extents[2];
      if (valid.empty()) {
        std::fill(line, block, padding);
        continue;
      }
      std::fill(line, line + valid.begin, padding);
      std::fill(line + valid.end, block, padding);
      const std::int64_t from =
          dot(tile.a.address, tile.a.strides, position) + k.stride * valid.begin;
      readLine(storage, tile.a, from, k.stride, valid.end - valid.begin, line + valid.begin);
    } while (stepPosition(outer, std::span(k.extents).first(2)));
    if (zero != T{}) std::for_each(first, block, [zero](T& element) { element -= zero; });
  }
}

template <typename T>
void gatherWeights(const MatrixTile& tile, const std::vector<Storage>& storages,
                   std::int64_t firstColumn, std::int64_t columns, std::int64_t pitch, T* block) {
  const Storage& storage = storages[static_cast<std::size_t>(tile.b.storage)];
  std::vector<T> zeros(tile.zeroB ? static_cast<std::size_t>(columns) : 0);
  for (std::size_t i = 0; i < zeros.size(); ++i) {
    Position column{};
    column[MatrixTile::kN] = firstColumn + static_cast<std::int64_t>(i);
    zeros[i] = zeroPointAt<T>(tile.zeroB, storages, column);
  }
  const std::int64_t stride = tile.b.strides[MatrixTile::kN];
  Position position{};
  const std::span<std::int64_t> kPosition(&position[4], 3);
  const std::span<const std::int64_t> kExtents(&tile.extents[4], 3);
  do {
    const std::int64_t first = dot(tile.b.address, tile.b.strides, position);
    readLine(storage, tile.b, first + firstColumn * stride, stride, columns, block);
    for (std::size_t i = 0; i < zeros.size(); ++i) block[i] -= zeros[i];
    block += pitch;
  } while (stepPosition(kPosition, kExtents));
}

template void gatherRows(const MatrixTile&, const std::vector<Storage>&, std::int64_t, std::int64_t,
                         float*);
template void gatherRows(const MatrixTile&, const std::vector<Storage>&, std::int64_t, std::int64_t,
                         std::int32_t*);
template void gatherRows(const MatrixTile&, const std::vector<Storage>&, std::int64_t, std::int64_t,
                         std::int64_t*);
template void gatherWeights(const MatrixTile&, const std::vector<Storage>&, std::int64_t,
                            std::int64_t, std::int64_t, float*);
template void gatherWeights(const MatrixTile&, const std::vector<Storage>&, std::int64_t,
                            std::int64_t, std::int64_t, std::int32_t*);
template void gatherWeights(const MatrixTile&, const std::vector<Storage>&, std::int64_t,
                            std::int64_t, std::int64_t, std::int64_t*);

}  // namespace npusim
