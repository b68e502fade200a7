#pragma once

#include <memory>
#include <vector>

#include "kernels/lowering/lowering.h"

namespace npusim::matrix {

/// Constant right-hand sides as the array reads them: int8 or the run's float format, dense
/// [group][k][n].
struct Weights {
  std::int64_t groups = 1, k = 1, n = 1;
  /// Null without values.
  std::shared_ptr<const std::vector<std::byte>> packed;
};

/// The task's B operand over (G0, K0, K1, K2, N) from packed weights; extents of K0..K2 are taken
/// from the task's dimensions.
plan::Operand weightOperand(lowering::Lowering& lowering, const plan::Task& task,
                            const std::string& name, DataType type, const Weights& weights);

/// Adds bias (folding A's zero point into it for integers) and, for quantised values, the steps
/// that turn the int32 sum into a real. `channelMap` says which task dimensions make the output
/// channel.
void addBiasAndScale(lowering::Lowering& lowering, const Node& node, plan::Task& task,
                     plan::MatrixWork& work, const Weights& weights,
                     const std::vector<lowering::DimTerm>& channelMap);

/// Adds the zero points of a product of codes, which the array takes off as the codes enter. The
/// maps are those of its two sides' dimensions, without the ones that it sums over.
void addZeroPoints(lowering::Lowering& lowering, const Node& node, plan::Task& task,
                   plan::MatrixWork& work, const lowering::DimMap& aMap,
                   const lowering::DimMap& bMap);

}  // namespace npusim::matrix
