#include "sim/array/tile/row_stationary_order.h"

#include <algorithm>

#include "sim/core/rounding.h"
#include "sim/laws/row_stationary_passes.h"

namespace npusim {
namespace {

/// Positions [first, end) of one of k's loops.
struct Span {
  std::int64_t first, end;
};

std::vector<Span> cut(Span whole, std::int64_t step) {
  std::vector<Span> pieces;
  for (std::int64_t first = whole.first; first < whole.end; first += step) {
    pieces.push_back({first, std::min(first + step, whole.end)});
  }
  return pieces;
}

}  // namespace

RowStationaryOrder::RowStationaryOrder(const ArrayConfig& array, DataType format,
                                       const MatrixShape& shape, const RowStationaryPass& mapping) {
  const RowStationaryLimits limits(array, format, shape);
  const auto& extents = shape.extents;
  const auto addPe = [&](std::int64_t filterRow, Span taps, Span channels) {
    for (std::int64_t tap = taps.first; tap < taps.end; ++tap) {
      for (std::int64_t channel = channels.first; channel < channels.end; ++channel) {
        ks.push_back((filterRow * extents[5] + tap) * extents[6] + channel);
      }
    }
    peEnds.push_back(static_cast<std::int64_t>(ks.size()));
  };
  for (const Span filterRows : cut({0, extents[4]}, limits.filterRows)) {
    for (const Span taps : cut({0, extents[5]}, limits.taps)) {
      for (const Span channels : cut({0, extents[6]}, mapping.q * mapping.r)) {
        for (const Span set : cut(channels, mapping.q)) {
          for (std::int64_t row = filterRows.first; row < filterRows.end; ++row) {
            addPe(row, taps, set);
          }
        }
        passEnds.push_back(static_cast<std::int64_t>(peEnds.size()));
      }
    }
  }
}

}  // namespace npusim
