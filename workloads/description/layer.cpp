#include "workloads/description/layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sim/core/hash.h"

namespace npusim {
namespace {

/// A weight's values depend on its name and the network's seed alone.
std::uint64_t weightSeed(std::string_view name, std::uint64_t seed) {
  return fnv1a(name, kFnvOffset ^ (seed * 0x9e3779b97f4a7c15));
}

ValueId addWeight(Layer& layer, std::string_view suffix, Shape shape, double zeroShare = 0) {
  Value value;
  value.name = fmt::format("{}.{}", layer.name, suffix);
  value.shape = std::move(shape);
  value.constant = Constant{.dense = nullptr,
                            .splat = {},
                            .seed = weightSeed(value.name, layer.seed),
                            .zeroShare = zeroShare};
  return layer.graph.addValue(std::move(value));
}

ValueId addNode(Layer& layer, std::string name, std::string_view opName, Operation operation,
                std::vector<ValueId> inputs, std::vector<ElementStep> steps = {}) {
  return layer.graph.addNode({std::move(name), std::string(opName), std::move(operation),
                              std::move(inputs), std::move(steps), kNoValue});
}

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

ValueId addBatchNorm(Layer& layer, std::string name, ValueId x) {
  const Shape& shape = layer.graph.value(x).shape;
  if (shape.size() < 2) layer.options.place().fail("batch_norm takes an input of rank 2 or more");
  Shape parameters(shape.size() - 1, 1);
  parameters[0] = shape[1];
  const std::string own = layer.name == name ? "" : "batch_norm.";
  const ValueId scale = addWeight(layer, own + "scale", parameters);
  const ValueId shift = addWeight(layer, own + "shift", parameters);
  return addNode(layer, std::move(name), "BatchNormalization", Elementwise{}, {x, scale, shift},
                 {{.op = ElementOp::Mul, .operand = 1}, {.op = ElementOp::Add, .operand = 2}});
}

ValueId buildBatchNorm(Layer& layer, const LayerKind&) {
  return addBatchNorm(layer, layer.name, layer.inputs[0]);
}

ValueId buildUnary(Layer& layer, const LayerKind& kind) {
  ElementStep step = kind.step;
  Section& options = layer.options;
  if (step.op == ElementOp::LeakyRelu || step.op == ElementOp::HardSigmoid) {
    step.alpha = static_cast<float>(options.number("alpha", static_cast<double>(step.alpha)));
  }
  if (step.op == ElementOp::HardSigmoid) {
    step.beta = static_cast<float>(options.number("beta", static_cast<double>(step.beta)));
  }
  return addNode(layer, layer.name, kind.opName, Elementwise{}, layer.inputs, {step});
}

ValueId buildClip(Layer& layer, const LayerKind& kind) {
  ElementStep step = kind.step;
  step.alpha = static_cast<float>(layer.options.required("min").number());
  step.beta = static_cast<float>(layer.options.required("max").number());
  return addNode(layer, layer.name, kind.opName, Elementwise{}, layer.inputs, {step});
}

ValueId buildBinary(Layer& layer, const LayerKind& kind) {
  ElementStep step = kind.step;
  step.operand = 1;
  return addNode(layer, layer.name, kind.opName, Elementwise{}, layer.inputs, {step});
}

/// The keys that end convolutions and products: batch_norm, then activation.
ValueId addEnding(Layer& layer, bool batchNorm, ValueId x) {
  if (batchNorm) x = addBatchNorm(layer, layer.name + ".batch_norm", x);
  const std::optional<Field> activation = layer.options.optional("activation");
  if (!activation) return x;
  const LayerKind* kind = findLayerKind(activation->text());
  if (kind == nullptr || kind->build != buildUnary) {
    activation->fail("'" + activation->text() + "' is not an activation; relu is one");
  }
  Layer ending{
      layer.graph, layer.name + "." + std::string(kind->name), {x}, layer.options, layer.seed};
  return kind->build(ending, *kind);
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
  const ValueId w = addWeight(layer, "weight", weights, layer.options.share("weight_zeros"));
  const bool bias = layer.options.flag("bias", !batchNorm);
  const ValueId b = bias ? addWeight(layer, "bias", {channels}) : kNoValue;
  const std::optional<RowStationaryMapping> mapping = readMapping(layer);
  const ValueId y = addNode(layer, layer.name, "Conv", op, {layer.inputs[0], w, b});
  layer.graph.nodes.back().mapping = mapping;
  return addEnding(layer, batchNorm, y);
}

ValueId buildConvolution(Layer& layer, const LayerKind& kind) {
  requireSpatial(layer, kind.name);
  const std::int64_t channels = layer.options.required("channels").integer(1);
  return addConvolution(layer, channels, layer.options.integer("groups", 1, 1));
}

ValueId buildDepthwise(Layer& layer, const LayerKind& kind) {
  requireSpatial(layer, kind.name);
  return addConvolution(layer, layer.shape()[1], layer.shape()[1]);
}

ValueId buildGemm(Layer& layer, const LayerKind& kind) {
  const Shape x = layer.shape();
  if (x.size() < 2 || x.size() > 3) {
    layer.options.place().fail(fmt::format(
        "gemm takes [batch, features] or [batch, rows, features], its input is {}; put flatten "
        "before it",
        toString(x)));
  }
  const std::int64_t features = layer.options.required("features").integer(1);
  const bool batchNorm = layer.options.flag("batch_norm", false);
  const ValueId w =
      addWeight(layer, "weight", {features, x.back()}, layer.options.share("weight_zeros"));
  const bool bias = layer.options.flag("bias", !batchNorm);
  const ValueId b = bias ? addWeight(layer, "bias", {features}) : kNoValue;
  const ValueId y =
      addNode(layer, layer.name, kind.opName, MatMul{.transposeB = true}, {layer.inputs[0], w, b});
  return addEnding(layer, batchNorm, y);
}

ValueId buildMatMul(Layer& layer, const LayerKind& kind) {
  const MatMul op{.transposeB = layer.options.flag("transpose_b", false)};
  return addNode(layer, layer.name, kind.opName, op, layer.inputs);
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
  return addNode(layer, layer.name, kind.opName, op, layer.inputs);
}

ValueId buildGlobalPool(Layer& layer, const LayerKind& kind) {
  requireSpatial(layer, kind.name);
  Reduce op;
  op.kind = kind.name == "global_max_pool" ? ReduceOp::Max : ReduceOp::Mean;
  for (int axis = 2; axis < static_cast<int>(layer.shape().size()); ++axis) op.axes.push_back(axis);
  return addNode(layer, layer.name, kind.opName, op, layer.inputs);
}

/// An axis of the first input; negative ones count from the end.
int axisOption(Layer& layer, std::int64_t otherwise) {
  const auto rank = static_cast<std::int64_t>(layer.shape().size());
  const std::int64_t axis = layer.options.integer("axis", -rank, otherwise);
  if (axis >= rank || axis < -rank) {
    layer.options.place().fail(
        fmt::format("axis {} is outside the input {}", axis, toString(layer.shape())));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

ValueId buildSoftmax(Layer& layer, const LayerKind& kind) {
  return addNode(layer, layer.name, kind.opName, Softmax{axisOption(layer, -1)}, layer.inputs);
}

ValueId buildConcat(Layer& layer, const LayerKind& kind) {
  return addNode(layer, layer.name, kind.opName, Concat{axisOption(layer, 1)}, layer.inputs);
}

ValueId buildNormalization(Layer& layer, const LayerKind& kind) {
  LocalResponseNorm op;
  op.size = layer.options.required("size").integer(1);
  op.alpha = static_cast<float>(layer.options.number("alpha", 1e-4));
  op.beta = static_cast<float>(layer.options.number("beta", 0.75));
  op.bias = static_cast<float>(layer.options.number("bias", 1));
  return addNode(layer, layer.name, kind.opName, op, layer.inputs);
}

ValueId buildFlatten(Layer& layer, const LayerKind& kind) {
  const int axis = axisOption(layer, 1);
  const Shape& x = layer.shape();
  const auto rows =
      std::accumulate(x.begin(), x.begin() + axis, std::int64_t{1}, std::multiplies<>());
  const auto columns =
      std::accumulate(x.begin() + axis, x.end(), std::int64_t{1}, std::multiplies<>());
  return addNode(layer, layer.name, kind.opName, Reshape{{rows, columns}}, layer.inputs);
}

/// `shape` without the batch, which stays the first dimension.
ValueId buildReshape(Layer& layer, const LayerKind& kind) {
  Shape shape = layer.options.required("shape").integers(1);
  if (!layer.shape().empty()) shape.insert(shape.begin(), layer.shape()[0]);
  return addNode(layer, layer.name, kind.opName, Reshape{shape}, layer.inputs);
}

ValueId buildTranspose(Layer& layer, const LayerKind& kind) {
  Transpose op;
  for (const std::int64_t axis : layer.options.required("permutation").integers(0)) {
    op.permutation.push_back(static_cast<int>(axis));
  }
  return addNode(layer, layer.name, kind.opName, op, layer.inputs);
}

constexpr int kAny = LayerKind::kAnyInputs;

constexpr LayerKind kKinds[] = {
    {"conv", "Conv", 1, buildConvolution},
    {"depthwise", "Conv", 1, buildDepthwise},
    {"gemm", "Gemm", 1, buildGemm},
    {"matmul", "MatMul", 2, buildMatMul},
    {"batch_norm", "BatchNormalization", 1, buildBatchNorm},
    {"max_pool", "MaxPool", 1, buildPool},
    {"average_pool", "AveragePool", 1, buildPool},
    {"global_max_pool", "GlobalMaxPool", 1, buildGlobalPool},
    {"global_average_pool", "GlobalAveragePool", 1, buildGlobalPool},
    {"lrn", "LRN", 1, buildNormalization},
    {"softmax", "Softmax", 1, buildSoftmax},
    {"concat", "Concat", kAny, buildConcat},
    {"flatten", "Flatten", 1, buildFlatten},
    {"reshape", "Reshape", 1, buildReshape},
    {"transpose", "Transpose", 1, buildTranspose},
    {"relu", "Relu", 1, buildUnary, {.op = ElementOp::Relu}},
    {"relu6", "Clip", 1, buildUnary, {.op = ElementOp::Clip, .alpha = 0, .beta = 6}},
    {"clip", "Clip", 1, buildClip, {.op = ElementOp::Clip}},
    {"leaky_relu", "LeakyRelu", 1, buildUnary, {.op = ElementOp::LeakyRelu, .alpha = 0.01f}},
    {"sigmoid", "Sigmoid", 1, buildUnary, {.op = ElementOp::Sigmoid}},
    {"hard_sigmoid",
     "HardSigmoid",
     1,
     buildUnary,
     {.op = ElementOp::HardSigmoid, .alpha = 0.2f, .beta = 0.5f}},
    {"hard_swish", "HardSwish", 1, buildUnary, {.op = ElementOp::HardSwish}},
    {"tanh", "Tanh", 1, buildUnary, {.op = ElementOp::Tanh}},
    {"exp", "Exp", 1, buildUnary, {.op = ElementOp::Exp}},
    {"sqrt", "Sqrt", 1, buildUnary, {.op = ElementOp::Sqrt}},
    {"add", "Add", 2, buildBinary, {.op = ElementOp::Add}},
    {"sub", "Sub", 2, buildBinary, {.op = ElementOp::Sub}},
    {"mul", "Mul", 2, buildBinary, {.op = ElementOp::Mul}},
    {"div", "Div", 2, buildBinary, {.op = ElementOp::Div}},
    {"max", "Max", 2, buildBinary, {.op = ElementOp::Max}},
    {"min", "Min", 2, buildBinary, {.op = ElementOp::Min}},
};

}  // namespace

std::span<const LayerKind> layerKinds() { return kKinds; }

const LayerKind* findLayerKind(std::string_view name) {
  for (const LayerKind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace npusim
