#include "sim/array/pe/cached_addresses.h"

#include <algorithm>
#include <array>
#include <span>

namespace npusim {
namespace {

using Position = std::array<std::int64_t, MatrixTile::kDimensions>;

/// base + sum of stride x position for every position of `count` dimensions from `first` on, the
/// others being 0.
Table<std::int64_t> sums(std::int64_t base, std::span<const std::int64_t> strides,
                         const MatrixTile& tile, std::size_t first, std::size_t count) {
  Position position{};
  const std::span<std::int64_t> inner(&position[first], count);
  const std::span<const std::int64_t> extents(&tile.extents[first], count);
  std::vector<std::int64_t> table;
  do {
    table.push_back(dot(base, strides, position));
  } while (stepPosition(inner, extents));
  return Table<std::int64_t>(std::move(table));
}

constexpr std::size_t kM = 0, kMCount = 3, kK = 4, kKCount = 3;

/// What the sums of an entry of each reach.
AddressRange rangeOf(const Table<std::int64_t>& a, const Table<std::int64_t>& b) {
  return {std::ranges::min(a.items()) + std::ranges::min(b.items()),
          std::ranges::max(a.items()) + std::ranges::max(b.items())};
}

/// A bound that every position meets needs no look.
bool mayFail(const AddressRange& coordinates, std::int64_t limit) {
  return coordinates.lowest < 0 || coordinates.highest >= limit;
}

}  // namespace

CachedAddresses::CachedAddresses(const MatrixTile& tile)
    : inputRows_(sums(tile.a.address, tile.a.strides, tile, kM, kMCount)),
      inputSteps_(sums(0, tile.a.strides, tile, kK, kKCount)),
      weightColumns_(sums(tile.b.address, tile.b.strides, tile, MatrixTile::kN, 1)),
      weightSteps_(sums(0, tile.b.strides, tile, kK, kKCount)) {
  for (const ResolvedBound& bound : tile.a.bounds) {
    Bound tables{sums(bound.origin, bound.strides, tile, kM, kMCount),
                 sums(0, bound.strides, tile, kK, kKCount), bound.limit};
    if (mayFail(rangeOf(tables.rows, tables.steps), tables.limit))
      bounds_.push_back(std::move(tables));
  }
}

AddressRange CachedAddresses::inputs() const { return rangeOf(inputRows_, inputSteps_); }
AddressRange CachedAddresses::weights() const { return rangeOf(weightColumns_, weightSteps_); }

}  // namespace npusim
