#pragma once

#include "workloads/onnx/node_context.h"

namespace npusim::onnx_import {

/// The attributes that Conv and the pools share, resolved for one input: auto_pad applied, one
/// entry a spatial dimension, all within sensible bounds.
struct Window {
  Shape kernel, strides, dilations, padsBegin, padsEnd;
};

/// Spatial dimensions of an input N,C,spatial...; throws NotPossible unless there are one to three.
Shape spatialShape(const Shape& shape);

/// Reads strides, dilations, pads and auto_pad for `kernel` sliding over `spatial`.
Window readWindow(NodeContext& context, const Shape& spatial, const Shape& kernel);

/// Output size along each spatial dimension of a pool; with `ceilMode` a last window may reach past
/// the padding but starts inside the input or its leading padding (as ONNX Runtime and PyTorch do).
Shape pooledShape(const Window& window, const Shape& spatial, bool ceilMode);

}  // namespace npusim::onnx_import
