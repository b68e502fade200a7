#include "sim/memory/access.h"

namespace npusim {
namespace {

/// Unlike ceilDiv(), also for a below 0.
std::int64_t signedCeilDiv(std::int64_t a, std::int64_t positive) {
  const std::int64_t quotient = a / positive;
  return quotient + (a % positive > 0 ? 1 : 0);
}

}  // namespace

PositionRange validPositions(std::int64_t origin, std::int64_t stride, std::int64_t limit,
                             PositionRange within) {
  if (stride == 0) {
    const bool inside = origin >= 0 && origin < limit;
    return inside ? within : PositionRange{within.begin, within.begin};
  }
  // For a falling coordinate look at limit - 1 - coordinate, which rises and has the same bound.
  const std::int64_t rising = stride > 0 ? origin : limit - 1 - origin;
  const std::int64_t step = stride > 0 ? stride : -stride;
  return {std::max(within.begin, signedCeilDiv(-rising, step)),
          std::min(within.end, signedCeilDiv(limit - rising, step))};
}

PositionRange validPositions(const ResolvedAccess& access, std::span<const std::int64_t> position,
                             std::size_t along, PositionRange range) {
  for (const ResolvedBound& bound : access.bounds) {
    const std::int64_t stride = bound.strides[along];
    const std::int64_t origin =
        dot(bound.origin, bound.strides, position) - stride * position[along];
    range = validPositions(origin, stride, bound.limit, range);
  }
  return range;
}

}  // namespace npusim
