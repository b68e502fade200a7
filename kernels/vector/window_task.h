#pragma once

#include <cstdint>

#include "kernels/lowering/lowering.h"
#include "kernels/lowering/windows.h"

namespace npusim::vector {

/// Dimensions of tasks over windows: images, output rows and columns, channels (of a group and
/// group's outputs for depthwise convolution), window rows and columns.
enum WindowDim : int {
  Image,
  Row,
  Column,
  Channel,
  Multiple,
  WindowRow,
  WindowColumn,
  kWindowDims
};

/// Task dimensions for an output of `shape` with `multiple` outputs a channel.
std::vector<plan::Dimension> windowDims(const Shape& shape, const lowering::Windows& windows,
                                        std::int64_t multiple);

/// The input seen through the windows.
plan::Operand windowOperand(const plan::View& view, isa::Scaling scaling,
                            const lowering::Windows& windows);

/// How the output's logical dimensions follow from the task's, and its on-chip order.
lowering::DimMap windowMap(std::size_t rank, std::int64_t multiple);
std::vector<int> windowLayout(std::size_t rank);

}  // namespace npusim::vector
