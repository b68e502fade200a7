#include <fmt/format.h>

#include <algorithm>

#include "workloads/description/kinds.h"

namespace npusim {
namespace {

/// An integer for every spatial dimension, given once or one by one.
Shape spatialOption(Layer& layer, const std::string& key, std::int64_t least,
                    std::optional<std::int64_t> otherwise) {
  const std::size_t dimensions = layer.shape().size() - 2;
  const std::optional<Field> field =
      otherwise ? layer.options.optional(key) : layer.options.required(key);
  if (!field) return Shape(dimensions, *otherwise);
  Shape values = field->integers(least);
  if (values.size() == 1) return Shape(dimensions, values[0]);
  if (values.size() != dimensions) {
    field->fail(fmt::format("{} entries; give 1 or {}, one a spatial dimension", values.size(),
                            dimensions));
  }
  return values;
}

/// Pads: one for all sides, one a dimension, or all begins and then all ends.
void readPads(Layer& layer, Shape& begin, Shape& end) {
  const std::size_t dimensions = layer.shape().size() - 2;
  const std::optional<Field> field = layer.options.optional("pad");
  Shape values = field ? field->integers(0) : Shape{0};
  if (values.size() == 1) values.assign(dimensions, values[0]);
  if (values.size() == dimensions) values.insert(values.end(), values.begin(), values.end());
  if (values.size() != 2 * dimensions || dimensions == 0) {
    field->fail(fmt::format("{} entries; give 1, {}, or {} (all begins, then all ends)",
                            values.size(), dimensions, 2 * dimensions));
  }
  begin.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(dimensions));
  end.assign(values.begin() + static_cast<std::ptrdiff_t>(dimensions), values.end());
}

void requireSpatial(const Layer& layer, std::string_view kind) {
  if (layer.shape().size() >= 3) return;
  layer.options.place().fail(fmt::format("{} takes N,C and spatial dimensions, its input is {}",
                                         kind, toString(layer.shape())));
}

/// How a row-stationary array is to map the layer, in the names of Eyeriss (JSSC 2017, Table II).
std::optional<RowStationaryMapping> readMapping(Layer& layer) {
  const std::optional<Field> field = layer.options.optional("mapping");
  if (!field) return std::nullopt;
  Section options = field->section();
  RowStationaryMapping mapping;
  RowStationaryPass& pass = mapping.pass;
  const std::pair<const char*, std::int64_t*> keys[] = {
      {"n", &mapping.n}, {"m", &mapping.m}, {"e", &pass.e}, {"p", &pass.p},
      {"q", &pass.q},    {"r", &pass.r},    {"t", &pass.t}};
  for (const auto& [key, number] : keys) *number = options.required(key).integer(1);
  options.finish();
  return mapping;
}

ValueId addConvolution(Layer& layer, std::int64_t channels, std::int64_t groups) {
  const Shape x = layer.shape();
  if (groups < 1 || x[1] % groups != 0 || channels % groups != 0) {
    layer.options.place().fail(fmt::format(
        "{} input and {} output channels do not divide into {} groups", x[1], channels, groups));
  }
  Convolution op;
  op.groups = groups;
  const Shape kernel = spatialOption(layer, "kernel", 1, std::nullopt);
  op.strides = spatialOption(layer, "stride", 1, 1);
  op.dilations = spatialOption(layer, "dilation", 1, 1);
  readPads(layer, op.padsBegin, op.padsEnd);
  const bool batchNorm = layer.options.flag("batch_norm", false);

  Shape weights{channels, x[1] / groups};
  weights.insert(weights.end(), kernel.begin(), kernel.end());
  const ValueId w =
      layer.net.weight(layer.part("weight"), weights, layer.options.share("weight_zeros"));
  const bool bias = layer.options.flag("bias", !batchNorm);
  const bool within = bias && layer.net.weightsAreConstant();
  const ValueId b = within ? layer.net.weight(layer.part("bias"), {channels}) : kNoValue;
  const std::optional<RowStationaryMapping> mapping = readMapping(layer);
  ValueId y = layer.net.add(layer.name, "Conv", op, {layer.inputs[0], w, b});
  layer.net.graph.nodes.back().mapping = mapping;
  if (bias && !within) {
    Shape shape(kernel.size() + 1, 1);
    shape[0] = channels;
    y = addBias(layer, y, shape);
  }
  return addEnding(layer, batchNorm, y);
}

/// Outputs of a window along one dimension; rounding up never starts a window past the input and
/// its leading pad.
std::int64_t pooledSize(std::int64_t input, const Pool& op, std::size_t d, bool ceil) {
  const std::int64_t reach = op.dilations[d] * (op.kernel[d] - 1) + 1;
  const std::int64_t room = input + op.padsBegin[d] + op.padsEnd[d] - reach;
  if (room < 0) return 0;
  std::int64_t size = (ceil ? room + op.strides[d] - 1 : room) / op.strides[d] + 1;
  if (ceil && (size - 1) * op.strides[d] >= input + op.padsBegin[d]) --size;
  return size;
}

/// Phases [N, C, spatial...] to the one tensor whose outputs they are by turns.
ValueId interleaved(const Layer& layer, const std::vector<ValueId>& phases, std::int64_t channels,
                    std::int64_t stride) {
  const Shape x = layer.shape();
  const auto dims = static_cast<int>(x.size()) - 2;
  const ValueId all = layer.net.add(layer.part("phases"), "Concat", Concat{1}, phases);
  Shape apart{x[0]}, together{x[0], channels};
  apart.insert(apart.end(), static_cast<std::size_t>(dims), stride);
  apart.push_back(channels);
  std::vector<int> order{0, dims + 1};
  for (int d = 0; d < dims; ++d) {
    const std::int64_t extent = x[static_cast<std::size_t>(d) + 2];
    apart.push_back(extent);
    together.push_back(extent * stride);
    order.push_back(dims + 2 + d);
    order.push_back(1 + d);
  }
  const ValueId split = reshaped(layer, "phases.apart", all, apart);
  return reshaped(layer, "interleaved", transposed(layer, "phases.order", split, order), together);
}

}  // namespace

ValueId buildConvolution(Layer& layer, const LayerKind& kind) {
  requireSpatial(layer, kind.name);
  const std::int64_t channels = layer.options.required("channels").integer(1);
  return addConvolution(layer, channels, layer.options.integer("groups", 1, 1));
}

ValueId buildDepthwise(Layer& layer, const LayerKind& kind) {
  requireSpatial(layer, kind.name);
  return addConvolution(layer, layer.shape()[1], layer.shape()[1]);
}

ValueId buildPool(Layer& layer, const LayerKind& kind) {
  requireSpatial(layer, kind.name);
  Pool op;
  op.kind = kind.name == "max_pool" ? ReduceOp::Max : ReduceOp::Mean;
  op.kernel = spatialOption(layer, "kernel", 1, std::nullopt);
  const bool strided = layer.options.optional("stride").has_value();
  op.strides = strided ? spatialOption(layer, "stride", 1, 1) : op.kernel;
  op.dilations = spatialOption(layer, "dilation", 1, 1);
  readPads(layer, op.padsBegin, op.padsEnd);
  if (op.kind == ReduceOp::Mean) op.countPadding = layer.options.flag("count_padding", true);
  const bool ceil = layer.options.flag("ceil", false);
  for (std::size_t d = 0; d < op.kernel.size(); ++d) {
    op.outputSpatial.push_back(pooledSize(layer.shape()[d + 2], op, d, ceil));
    if (op.outputSpatial[d] >= 1) continue;
    layer.options.place().fail(fmt::format("window {} is larger than the padded input {}",
                                           toString(op.kernel), toString(layer.shape())));
  }
  return layer.net.add(layer.name, kind.opName, op, layer.inputs);
}

ValueId buildGlobalPool(Layer& layer, const LayerKind& kind) {
  requireSpatial(layer, kind.name);
  Reduce op;
  op.kind = kind.name == "global_max_pool" ? ReduceOp::Max : ReduceOp::Mean;
  for (int axis = 2; axis < static_cast<int>(layer.shape().size()); ++axis) op.axes.push_back(axis);
  return layer.net.add(layer.name, kind.opName, op, layer.inputs);
}

/// As stride^d convolutions with every stride-th tap, one for each phase of the outputs, which are
/// then interleaved: no product with an inserted zero. Output o of a dimension gets
/// x[i] w[k] where o + pad = i * stride + k.
ValueId buildTransposedConvolution(Layer& layer, const LayerKind& kind) {
  requireSpatial(layer, kind.name);
  const Shape x = layer.shape();
  const std::size_t dims = x.size() - 2;
  const std::int64_t channels = layer.options.required("channels").integer(1);
  const std::int64_t stride = layer.options.required("stride").integer(1);
  const std::int64_t kernel = layer.options.integer("kernel", 1, stride);
  if (kernel % stride != 0 || (kernel - stride) % 2 != 0) {
    layer.options.place().fail(fmt::format(
        "kernel {} is no multiple of the stride {} that is an even number larger; outputs are "
        "stride times the inputs",
        kernel, stride));
  }
  const bool bias = layer.options.flag("bias", true);
  const std::int64_t taps = kernel / stride, pad = (kernel - stride) / 2;
  Shape weights(dims + 2, taps);
  weights[0] = channels;
  weights[1] = x[1];
  std::int64_t phases = 1;
  constexpr std::int64_t kMostPhases = 1024;
  for (std::size_t d = 0; d < dims; ++d) {
    phases *= std::min(stride, kMostPhases);
    if (phases >= kMostPhases)
      layer.options.place().fail("has too many phases; take a smaller stride");
  }
  std::vector<ValueId> parts;
  for (std::int64_t phase = 0; phase < phases; ++phase) {
    Convolution op;
    op.strides = op.dilations = Shape(dims, 1);
    op.padsBegin = op.padsEnd = Shape(dims, 0);
    std::int64_t rest = phase;
    for (std::size_t d = dims; d-- > 0; rest /= stride) {
      op.padsEnd[d] = (rest % stride + pad) / stride;
      op.padsBegin[d] = taps - 1 - op.padsEnd[d];
    }
    const std::string own = fmt::format("phase_{}", phase);
    const ValueId w = layer.net.weight(layer.part(own + ".weight"), weights);
    parts.push_back(
        layer.net.add(layer.part(own), kind.opName, op, {layer.inputs[0], w, kNoValue}));
  }
  ValueId y = interleaved(layer, parts, channels, stride);
  if (bias) {
    Shape shape(dims + 1, 1);
    shape[0] = channels;
    y = addBias(layer, y, shape);
  }
  return addEnding(layer, false, y);
}

ValueId buildUpsample(Layer& layer, const LayerKind& kind) {
  requireSpatial(layer, kind.name);
  const Shape scales = spatialOption(layer, "scale", 1, 2);
  Remap op;
  op.source.resize(layer.shape().size());
  for (std::size_t d = 0; d < scales.size(); ++d) {
    requireListable(layer, layer.shape()[d + 2]);
    requireListable(layer, scales[d]);
    const std::int64_t outputs = layer.shape()[d + 2] * scales[d];
    requireListable(layer, outputs);
    for (std::int64_t o = 0; o < outputs; ++o) op.source[d + 2].push_back(o / scales[d]);
  }
  return layer.net.add(layer.name, kind.opName, op, layer.inputs);
}

}  // namespace npusim
