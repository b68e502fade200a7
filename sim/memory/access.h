#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/core/data_type.h"

namespace npusim {

/// The coordinate origin + sum of stride x position, which must lie in [0, limit).
struct ResolvedBound {
  std::int64_t origin = 0, limit = 0;
  std::span<const std::int64_t> strides;
};

/// An operand with all loop indices filled in: address + sum of stride x position.
struct ResolvedAccess {
  std::int32_t storage = 0;
  std::int64_t address = 0;
  std::span<const std::int64_t> strides;  ///< bytes, one a dimension
  std::vector<ResolvedBound> bounds;
  DataType type = DataType::Float32;
};

/// Half-open range of positions.
struct PositionRange {
  std::int64_t begin = 0, end = 0;
  bool empty() const { return begin >= end; }
};

/// base + sum of stride x position.
inline std::int64_t dot(std::int64_t base, std::span<const std::int64_t> strides,
                        std::span<const std::int64_t> position) {
  for (std::size_t d = 0; d < strides.size(); ++d) base += strides[d] * position[d];
  return base;
}

/// Which p of [begin, begin + count) satisfy 0 <= origin + stride x p < limit.
PositionRange validPositions(std::int64_t origin, std::int64_t stride, std::int64_t limit,
                             PositionRange within);

/// Positions within `range` along dimension `along` that lie inside every bound of `access`, the
/// other dimensions being at `position`.
PositionRange validPositions(const ResolvedAccess& access, std::span<const std::int64_t> position,
                             std::size_t along, PositionRange range);

/// Moves `position` to the next one in row-major order over `extents`; false after the last, when
/// it is back at the first.
inline bool stepPosition(std::span<std::int64_t> position, std::span<const std::int64_t> extents) {
  for (std::size_t d = extents.size(); d-- > 0;) {
    if (++position[d] < extents[d]) return true;
    position[d] = 0;
  }
  return false;
}

}  // namespace npusim
