#pragma once

#include "kernels/lowering/lowering.h"

namespace npusim::matrix {

/// Convolutions and matrix products as tasks for the array.
///
/// A convolution is a product over an implicit im2col: m runs over (image, row, column) of the
/// output, k over (window row, window column, input channel), and the address generator walks the
/// input in place. Grouped convolutions take one product a group, or put several groups into one
/// product with block-diagonal weights where that keeps more of the array busy: `together` of them.
void lowerConvolution(lowering::Lowering& lowering, const Node& node, std::int64_t together);
void lowerMatMul(lowering::Lowering& lowering, const Node& node);

/// Groups that one block-diagonal product takes together, by the array's own law.
std::int64_t groupsTogether(const ChipConfig& chip, DataType precision, const Graph& graph,
                            const Node& node);

/// Array cycles of a convolution with that many groups together.
std::int64_t arrayCycles(const ChipConfig& chip, DataType precision, const Graph& graph,
                         const Node& node, std::int64_t together);

/// Rewrites constant weights of a matrix task so that what each core works with lies together, and
/// in it the columns of each tile of `columns`: [digits][group][tile][k][column in tile].
void blockColumns(plan::Plan& plan, plan::Task& task, std::int64_t columns);

/// Bytes of those weights after that.
std::int64_t blockedBytes(const plan::Plan& plan, const plan::Task& task, std::int64_t columns);

}  // namespace npusim::matrix
