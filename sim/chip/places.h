#pragma once

#include <algorithm>

#include "sim/array/matrix_tile.h"
#include "sim/laws/product_places.h"

namespace npusim {

/// Buffers are the first storages, in the order of the chip.
inline OperandPlace placeOf(const ResolvedAccess& access) {
  OperandPlace place{
      static_cast<std::size_t>(access.storage), access.address, {}, byteSize(access.type)};
  std::ranges::copy(access.strides, place.strides.begin());
  return place;
}

/// A tile as the buffers see it.
inline ProductPlaces placesOf(const MatrixTile& tile) {
  return {tile.shape(), placeOf(tile.a), placeOf(tile.b), placeOf(tile.c)};
}

}  // namespace npusim
