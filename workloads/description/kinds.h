#pragma once

#include <optional>

#include "workloads/description/layer.h"

namespace npusim {

// How each layer kind is built, one file a family; the table in layer.cpp names them.

ValueId buildConvolution(Layer& layer, const LayerKind& kind);
ValueId buildDepthwise(Layer& layer, const LayerKind& kind);
ValueId buildTransposedConvolution(Layer& layer, const LayerKind& kind);
ValueId buildPool(Layer& layer, const LayerKind& kind);
ValueId buildGlobalPool(Layer& layer, const LayerKind& kind);
ValueId buildUpsample(Layer& layer, const LayerKind& kind);

ValueId buildGemm(Layer& layer, const LayerKind& kind);
ValueId buildMatMul(Layer& layer, const LayerKind& kind);
ValueId buildEmbedding(Layer& layer, const LayerKind& kind);
ValueId buildPositions(Layer& layer, const LayerKind& kind);
ValueId buildParameter(Layer& layer, const LayerKind& kind);
ValueId buildAttention(Layer& layer, const LayerKind& kind);
ValueId buildRecurrent(Layer& layer, const LayerKind& kind);

ValueId buildBatchNorm(Layer& layer, const LayerKind& kind);
ValueId buildLocalResponseNorm(Layer& layer, const LayerKind& kind);
ValueId buildLayerNorm(Layer& layer, const LayerKind& kind);
ValueId buildGroupNorm(Layer& layer, const LayerKind& kind);
ValueId buildSoftmax(Layer& layer, const LayerKind& kind);

ValueId buildUnary(Layer& layer, const LayerKind& kind);
ValueId buildClip(Layer& layer, const LayerKind& kind);
ValueId buildBinary(Layer& layer, const LayerKind& kind);

ValueId buildConcat(Layer& layer, const LayerKind& kind);
ValueId buildFlatten(Layer& layer, const LayerKind& kind);
ValueId buildReshape(Layer& layer, const LayerKind& kind);
ValueId buildTranspose(Layer& layer, const LayerKind& kind);
ValueId buildSlice(Layer& layer, const LayerKind& kind);
ValueId buildReduceMean(Layer& layer, const LayerKind& kind);

// What they share.

/// An axis of the first input; negative ones count from the end.
int axisOption(Layer& layer, std::int64_t otherwise);
/// x * scale + shift, both an own weight for each channel.
ValueId addBatchNorm(Layer& layer, const std::string& name, ValueId x);
/// Adds a bias where it is no part of the product; `shape` broadcasts to x.
ValueId addBias(Layer& layer, ValueId x, const Shape& shape);
/// The keys that end convolutions and products: batch_norm, then activation.
ValueId addEnding(Layer& layer, bool batchNorm, ValueId x);

/// Refuses more entries of an index list or table than fit any sensible layer.
void requireListable(const Layer& layer, std::int64_t entries);

// Nodes that several kinds use; `part` is added to the layer's name.

ValueId reshaped(const Layer& layer, std::string_view part, ValueId x, Shape shape);
ValueId transposed(const Layer& layer, std::string_view part, ValueId x, std::vector<int> order);
/// Positions [first, first + count) of dimension `axis`.
ValueId sliced(const Layer& layer, std::string_view part, ValueId x, int axis, std::int64_t first,
               std::int64_t count);
/// f(x, operand).
ValueId binary(const Layer& layer, std::string_view part, ElementOp op, ValueId x, ValueId operand);
ValueId unary(const Layer& layer, std::string_view part, ElementOp op, ValueId x);

}  // namespace npusim
