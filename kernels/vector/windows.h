#pragma once

#include <cstdint>

#include "kernels/lowering/lowering.h"

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

/// Windows over one or two spatial dimensions (one: rows are 1).
struct Windows {
  std::int64_t kernelH = 1, kernelW = 1, strideH = 1, strideW = 1, dilationH = 1, dilationW = 1,
               padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;

  Windows(const Node& node, const Shape& kernel, const Shape& strides, const Shape& dilations,
          const Shape& padsBegin, const Shape& padsEnd);
};

/// Task dimensions for an output of `shape` with `multiple` outputs a channel.
std::vector<plan::Dimension> windowDims(const Shape& shape, const Windows& windows,
                                        std::int64_t multiple);

/// The input seen through the windows.
plan::Operand windowOperand(const plan::View& view, isa::Scaling scaling, const Windows& windows);

/// How the output's logical dimensions follow from the task's, and its on-chip order.
lowering::DimMap windowMap(std::size_t rank, std::int64_t multiple);
std::vector<int> windowLayout(std::size_t rank);

}  // namespace npusim::vector
