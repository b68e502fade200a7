#include "sim/array/matrix_tile.h"

namespace npusim {
namespace {

/// How many steps of the filter's taps lie between two outputs, by the strides in memory; 1 where
/// the filter has one tap there.
std::int64_t outputStride(const ResolvedAccess& a, std::size_t output, std::size_t tap) {
  const std::int64_t step = a.strides[tap];
  return step == 0 || a.strides[output] % step != 0 ? 1 : a.strides[output] / step;
}

}  // namespace

DataType arrayFormat(DataType operand) {
  return operand == DataType::UInt8 ? DataType::Int8 : operand;
}

MatrixShape MatrixTile::shape() const {
  MatrixShape shape;
  shape.extents = extents;
  if (extents[4] > 1) shape.strides[0] = outputStride(a, 1, 4);
  if (extents[5] > 1) shape.strides[1] = outputStride(a, 2, 5);
  shape.accumulates = accumulates;
  shape.addsBias = bias.has_value() && !accumulates;
  return shape;
}

}  // namespace npusim
