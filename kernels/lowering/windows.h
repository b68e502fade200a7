#pragma once

#include <cstdint>

#include "workloads/graph/graph.h"

namespace npusim::lowering {

/// Windows over one or two spatial dimensions; with one, rows are 1.
struct Windows {
  std::int64_t kernelH = 1, kernelW = 1, strideH = 1, strideW = 1, dilationH = 1, dilationW = 1,
               padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;
};

/// The windows of a convolution or pooling. Throws NotPossible for more spatial dimensions.
Windows windowsOf(const Graph& graph, const Node& node);

/// Rows of a tensor [N, C, spatial...] with one or two spatial dimensions.
std::int64_t rowsOf(const Shape& shape);

}  // namespace npusim::lowering
