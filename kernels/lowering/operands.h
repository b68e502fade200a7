#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#include "kernels/lowering/lowering.h"

namespace npusim::lowering {

/// 0, 1, ... count - 1: all dimensions or operands in order.
std::vector<int> upTo(std::size_t count);

/// An axis of `extent` positions, `stride` bytes apart, of a task with `taskDims` dimensions, at
/// coordinate `offset` + sum of `terms`.
plan::Axis axisOf(std::size_t taskDims, std::int64_t extent, std::int64_t stride,
                  const std::vector<DimTerm>& terms, std::int64_t offset = 0);

/// An operand at a view's place, as yet without axes.
plan::Operand operandAt(const plan::View& view, isa::Scaling scaling = {});

/// Appends an operand and returns its index.
int addOperand(plan::Task& task, plan::Operand operand);

/// One number an output channel, dense in `block`; `channel` says which task dimensions make it.
plan::Operand channelOperand(const plan::Task& task, plan::BlockId block, DataType type,
                             std::int64_t channels, const std::vector<DimTerm>& channel);

/// For a convolution or product of quantised values, adds the step that turns its integer sums into
/// reals: times the scales of both sides, per output channel where the weights have several.
void addScaleStep(Lowering& lowering, const Node& node, plan::Task& task,
                  std::vector<isa::VectorStep>& steps, std::int64_t channels,
                  const std::vector<DimTerm>& channel);

/// The values as they lie in memory.
template <typename T>
std::vector<std::byte> bytesOf(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace npusim::lowering
