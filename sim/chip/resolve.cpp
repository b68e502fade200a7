#include "sim/chip/resolve.h"

#include <algorithm>

namespace npusim {
namespace {

/// A pass without dimensions works on one position of one dimension.
constexpr std::int64_t kNoStride[] = {0};

void addDimension(ResolvedAccess& access) {
  access.strides = kNoStride;
  for (ResolvedBound& bound : access.bounds) bound.strides = kNoStride;
}

}  // namespace

ResolvedAccess resolve(const isa::Access& access, const isa::LoopIndices& indices) {
  ResolvedAccess resolved;
  resolved.storage = access.storage;
  resolved.address = access.address.at(indices);
  resolved.strides = access.strides;
  resolved.type = access.type;
  for (const isa::Bound& bound : access.bounds) {
    resolved.bounds.push_back({bound.origin.at(indices), bound.limit, bound.strides});
  }
  return resolved;
}

MatrixTile resolve(const isa::Matrix& matrix, const isa::LoopIndices& indices) {
  MatrixTile tile;
  for (std::size_t i = 0; i < 3; ++i) {
    tile.extents[i] = matrix.m[i].at(indices);
    tile.extents[4 + i] = matrix.k[i].at(indices);
  }
  tile.extents[MatrixTile::kN] = matrix.n.at(indices);
  tile.a = resolve(matrix.a, indices);
  tile.b = resolve(matrix.b, indices);
  tile.c = resolve(matrix.c, indices);
  if (matrix.bias) tile.bias = resolve(*matrix.bias, indices);
  if (matrix.zeroA) tile.zeroA = resolve(*matrix.zeroA, indices);
  if (matrix.zeroB) tile.zeroB = resolve(*matrix.zeroB, indices);
  tile.padding = matrix.padding;
  tile.accumulates = std::ranges::any_of(matrix.accumulateOver, [&](int depth) {
    return indices.index[static_cast<std::size_t>(depth)] != 0;
  });
  tile.usefulNumerator = matrix.usefulNumerator;
  tile.usefulDenominator = matrix.usefulDenominator;
  tile.pass = matrix.pass;
  return tile;
}

VectorTile resolve(const isa::VectorPass& pass, const isa::LoopIndices& indices) {
  VectorTile tile;
  tile.pass = &pass;
  tile.extents.reserve(pass.dims.size());
  for (const isa::Extent& extent : pass.dims) tile.extents.push_back(extent.at(indices));
  tile.operands.reserve(pass.operands.size());
  for (const isa::VectorOperand& operand : pass.operands) {
    tile.operands.push_back({resolve(operand.access, indices), operand.scaling});
  }
  tile.out = {resolve(pass.out.access, indices), pass.out.scaling};
  if (tile.extents.empty()) {
    tile.extents.push_back(1);
    for (ResolvedOperand& operand : tile.operands) addDimension(operand.access);
    addDimension(tile.out.access);
  }
  return tile;
}

}  // namespace npusim
