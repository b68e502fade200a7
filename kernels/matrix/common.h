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
  std::optional<plan::Encoding> encoding = {};  ///< as they are to lie in memory
};

/// Fills in `weights` from the constant `value`: `pack(tensor)` gives the bytes of a tensor of its
/// shape as they are packed. With an encoding, where the value has a form for it, unless there are
/// several groups.
template <typename Pack>
void packWeights(const lowering::Lowering& lowering, const Value& value, Weights& weights,
                 const Pack& pack) {
  using Contents = std::shared_ptr<const std::vector<std::byte>>;
  const auto packed = [&](const Tensor& tensor) -> Contents {
    return std::make_shared<const std::vector<std::byte>>(pack(tensor));
  };
  const Constant& constant = *value.constant;
  if (lowering.withValues()) {
    weights.packed = packed(constant.materialize(value.type, value.shape));
  }
  if (!constant.form || weights.groups > 1) return;
  weights.encoding = lowering::encodingOf(value);
  weights.encoding->tileBy(weights.n, weights.k);
  if (!lowering.withValues()) return;
  if (constant.scales) weights.encoding->scales = packed(*constant.scales);
  if (constant.zeros) weights.encoding->zeros = packed(*constant.zeros);
}

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
