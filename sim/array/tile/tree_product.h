#pragma once

#include <cstdint>
#include <optional>

#include "sim/config/chip_config.h"
#include "sim/core/array_cost.h"

namespace npusim {

/// How an array that adds along an axis by trees cuts k: `repeats` times `along` elements, which
/// lie `perLeaf` a PE in the pieces that `leaves` PEs take.
struct TreeShape {
  std::int64_t repeats, along, perLeaf, leaves;
};

/// Empty where the array forms chains.
std::optional<TreeShape> treeShape(const ArrayConfig& array, DataType format,
                                   const MatrixShape& shape);

/// C[8 x 32] += A[8 x k] B[k x 32] as multiplyBlock() takes them (product.h), but each PE
/// multiplies on its own (a fused multiply-add chain from 0 over its elements), a binary tree over
/// the next power of two of leaves adds the PEs (missing ones are +0.0), and its root is added to
/// the sum.
void multiplyBlockByTrees(const float* a, std::int64_t rowStride, const float* panel,
                          const TreeShape& tree, float* sums);

}  // namespace npusim
