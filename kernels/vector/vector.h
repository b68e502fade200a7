#pragma once

#include "kernels/lowering/lowering.h"

namespace npusim::vector {

/// Operators of the vector unit, each as a task of one or more passes.
void lowerElementwise(lowering::Lowering& lowering, const Node& node);
void lowerPool(lowering::Lowering& lowering, const Node& node);
void lowerReduce(lowering::Lowering& lowering, const Node& node);

/// max, exp(x - max), sum, quotient: four passes over two temporaries a row and one a tile.
void lowerSoftmax(lowering::Lowering& lowering, const Node& node);

/// Mean, difference, deviation, quotient: four passes, two where it is not centred.
void lowerLayerNorm(lowering::Lowering& lowering, const Node& node);

/// Two passes: the windowed sum of squares to the power, then the quotient.
void lowerLocalResponseNorm(lowering::Lowering& lowering, const Node& node);

/// A depthwise convolution (one input channel a group) as a multiply and windowed sum.
void lowerDepthwise(lowering::Lowering& lowering, const Node& node);

/// Is the node a convolution that the vector unit finishes sooner than the array?
bool prefersVector(const ChipConfig& chip, DataType precision, const Graph& graph, const Node& node,
                   std::int64_t arrayCycles);

}  // namespace npusim::vector
