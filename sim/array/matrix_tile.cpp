#include "sim/array/matrix_tile.h"

#include <algorithm>
#include <numeric>

namespace npusim {
namespace {

/// Steps of the input from one output to the next and from one tap to the next.
struct Spacing {
  std::int64_t stride, dilation;
};

/// The spacing along one axis by the strides in memory, if every bound of A sees the same one.
/// Otherwise, and where the filter has one tap, as if outputs shared no input.
Spacing spacingOf(const MatrixTile& tile, std::size_t output, std::size_t tap) {
  if (tile.extents[tap] == 1) return {1, 1};
  const std::int64_t out = tile.a.strides[output];
  const std::int64_t step = tile.a.strides[tap];
  const bool same = std::ranges::all_of(tile.a.bounds, [&](const ResolvedBound& bound) {
    return bound.strides[output] * step == bound.strides[tap] * out;
  });
  if (step == 0 || !same) return {tile.extents[tap], 1};
  const std::int64_t unit = step < 0 ? -std::gcd(out, step) : std::gcd(out, step);
  return {out / unit, step / unit};
}

}  // namespace

DataType arrayFormat(DataType operand) {
  return operand == DataType::UInt8 ? DataType::Int8 : operand;
}

MatrixShape MatrixTile::shape() const {
  MatrixShape shape;
  shape.extents = extents;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Spacing spacing = spacingOf(*this, 1 + axis, 4 + axis);
    shape.strides[axis] = spacing.stride;
    shape.dilations[axis] = spacing.dilation;
  }
  shape.accumulates = accumulates;
  shape.addsBias = bias.has_value() && !accumulates;
  shape.pass = pass;
  return shape;
}

}  // namespace npusim
