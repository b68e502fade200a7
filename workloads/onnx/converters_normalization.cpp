#include <algorithm>
#include <array>
#include <cmath>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

// --- BatchNormalization ---

/// The shape in which one value a channel broadcasts to an input.
Shape channelShape(const Shape& input) {
  Shape shape(input.size() - 1, 1);
  shape[0] = input[1];
  return shape;
}

/// Input `index`, one value a channel.
ValueId perChannel(NodeContext& c, std::size_t index, const char* what) {
  const Shape x = c.shape(c.input(0));
  const ValueId value = c.input(index);
  if (c.shape(value) == Shape{x[1]}) return value;
  throw BadInput(std::string(what) + " is " + toString(c.shape(value)) + ", expected " +
                 std::to_string(x[1]) + " channels");
}

/// Known scale, shift, mean and variance: one factor and one addend a channel.
ValueId foldedNormalization(NodeContext& c, ValueId x, const std::array<ValueId, 4>& parameters,
                            double epsilon) {
  std::vector<Tensor> known;
  for (const ValueId id : parameters) known.push_back(c.constantValue(id, "a parameter"));
  Tensor factor(c.type(x), channelShape(c.shape(x)));
  Tensor addend = factor;
  for (std::int64_t i = 0; i < factor.size(); ++i) {
    const double slope = known[0].at(i) / std::sqrt(known[3].at(i) + epsilon);
    factor.set(i, slope);
    addend.set(i, known[1].at(i) - known[2].at(i) * slope);
  }
  const std::vector<ValueId> inputs = {x, c.constant("scale", std::move(factor)),
                                       c.constant("shift", std::move(addend))};
  return c.emit(Elementwise{}, inputs,
                {{.op = ElementOp::Mul, .operand = 1}, {.op = ElementOp::Add, .operand = 2}});
}

/// (x - mean) * (scale / sqrt(variance + epsilon)) + shift, all computed at run time.
ValueId computedNormalization(NodeContext& c, ValueId x, const std::array<ValueId, 4>& parameters,
                              double epsilon) {
  std::array<ValueId, 4> own{};
  std::transform(parameters.begin(), parameters.end(), own.begin(), [&](ValueId id) {
    return reshapeTo(c, emitCast(c, id, c.type(x)), channelShape(c.shape(x)));
  });
  const ValueId deviation = c.emit(Elementwise{}, {own[3], scalarLike(c, x, epsilon)},
                                   {{.op = ElementOp::Add, .operand = 1}, {.op = ElementOp::Sqrt}});
  const ValueId factor = emitBinary(c, ElementOp::Div, own[0], deviation);
  return c.emit(Elementwise{}, {x, own[2], factor, own[1]},
                {{.op = ElementOp::Sub, .operand = 1},
                 {.op = ElementOp::Mul, .operand = 2},
                 {.op = ElementOp::Add, .operand = 3}});
}

ValueId squaredDistance(NodeContext& c, ValueId x, ValueId mean) {
  return c.emit(Elementwise{}, {x, mean},
                {{.op = ElementOp::Sub, .operand = 1}, {.op = ElementOp::Square}});
}

/// before * momentum + now * (1 - momentum).
ValueId runningValue(NodeContext& c, ValueId before, ValueId now, float momentum) {
  return c.emit(Elementwise{},
                {before, scalarLike(c, before, momentum),
                 emitBinary(c, ElementOp::Mul, now, scalarLike(c, now, 1 - momentum))},
                {{.op = ElementOp::Mul, .operand = 1}, {.op = ElementOp::Add, .operand = 2}});
}

void convertBatchNormalization(NodeContext& c) {
  const ValueId x = c.input(0);
  if (c.shape(x).size() < 2) throw BadInput("input " + toString(c.shape(x)) + " has no channels");
  if (c.integer("spatial", 1) != 1) {
    throw NotPossible("spatial 0 is not supported, only one mean a channel");
  }
  const double epsilon = c.real("epsilon", 1e-5f);
  const float momentum = c.real("momentum", 0.9f);
  std::array<ValueId, 4> parameters = {perChannel(c, 1, "scale"), perChannel(c, 2, "B"),
                                       perChannel(c, 3, "mean"), perChannel(c, 4, "var")};
  if (c.integer("training_mode", 0) == 0) {
    const bool known = std::all_of(parameters.begin(), parameters.end(),
                                   [&](ValueId id) { return c.isConstant(id); });
    const auto normalized = known ? foldedNormalization : computedNormalization;
    return c.output(0, normalized(c, x, parameters, epsilon));
  }
  std::vector<int> axes = axesFrom(1, c.shape(x).size());
  axes[0] = 0;
  const auto mean = [&](ValueId value) {
    return c.emit(Reduce{ReduceOp::Mean, axes, false}, {value});
  };
  const std::array<ValueId, 2> before = {parameters[2], parameters[3]};
  parameters[2] = mean(x);
  const ValueId center = reshapeTo(c, parameters[2], channelShape(c.shape(x)));
  parameters[3] = mean(squaredDistance(c, x, center));
  c.output(0, computedNormalization(c, x, parameters, epsilon));
  c.output(1, runningValue(c, before[0], parameters[2], momentum));
  c.output(2, runningValue(c, before[1], parameters[3], momentum));
}

// --- Normalisation of whole layers ---

/// y * scale + shift, where shift may be kNoValue.
ValueId scaledAndShifted(NodeContext& c, ValueId y, ValueId scale, ValueId shift) {
  std::vector<ValueId> inputs = {y, scale};
  std::vector<ElementStep> steps = {{.op = ElementOp::Mul, .operand = 1}};
  if (shift != kNoValue) {
    inputs.push_back(shift);
    steps.push_back({.op = ElementOp::Add, .operand = 2});
  }
  if (inferShape(Elementwise{}, {c.shape(y), c.shape(scale)}, {steps[0]}) != c.shape(y)) {
    throw BadInput("scale " + toString(c.shape(scale)) + " does not broadcast to " +
                   toString(c.shape(y)));
  }
  return c.emit(Elementwise{}, std::move(inputs), std::move(steps));
}

void convertLayerNormalization(NodeContext& c) {
  const ValueId x = c.input(0);
  const std::size_t rank = c.shape(x).size();
  const LayerNorm op{normalizeAxis(c.integer("axis", -1), rank), c.real("epsilon", 1e-5f)};
  c.output(0, scaledAndShifted(c, c.emit(op, {x}), c.input(1), c.optionalInput(2)));
  if (!c.hasOutput(1) && !c.hasOutput(2)) return;
  const Reduce average{ReduceOp::Mean, axesFrom(static_cast<std::size_t>(op.axis), rank), true};
  const ValueId mean = c.emit(average, {x});
  c.output(1, mean);
  if (!c.hasOutput(2)) return;
  const ValueId variance = c.emit(average, {squaredDistance(c, x, mean)});
  c.output(2, c.emit(Elementwise{}, {variance, scalarLike(c, x, op.epsilon)},
                     {{.op = ElementOp::Add, .operand = 1},
                      {.op = ElementOp::Sqrt},
                      {.op = ElementOp::Reciprocal}}));
}

/// One mean an image and channel.
void convertInstanceNormalization(NodeContext& c) {
  const ValueId x = c.input(0);
  if (c.shape(x).size() < 3) {
    throw BadInput("input " + toString(c.shape(x)) + " has no spatial dimensions");
  }
  const Shape own = channelShape(c.shape(x));
  const ValueId y = c.emit(LayerNorm{2, c.real("epsilon", 1e-5f)}, {x});
  c.output(0, scaledAndShifted(c, y, reshapeTo(c, perChannel(c, 1, "scale"), own),
                               reshapeTo(c, perChannel(c, 2, "B"), own)));
}

/// (x - mean) / (sqrt(variance) + 1e-9), as the standard's function.
void convertMeanVarianceNormalization(NodeContext& c) {
  const ValueId x = c.input(0);
  const std::vector<std::int64_t> axes = c.integers("axes", std::vector<std::int64_t>{0, 2, 3});
  const Reduce average{ReduceOp::Mean, normalizeAxes(axes, c.shape(x).size()), true};
  const ValueId mean = c.emit(average, {x});
  const ValueId variance = c.emit(average, {squaredDistance(c, x, mean)});
  const ValueId deviation = c.emit(Elementwise{}, {variance, scalarLike(c, x, 1e-9)},
                                   {{.op = ElementOp::Sqrt}, {.op = ElementOp::Add, .operand = 1}});
  c.output(0, c.emit(Elementwise{}, {x, mean, deviation},
                     {{.op = ElementOp::Sub, .operand = 1}, {.op = ElementOp::Div, .operand = 2}}));
}

void convertLrn(NodeContext& c) {
  LocalResponseNorm op;
  if (!c.hasAttribute("size")) throw BadInput("attribute 'size' is missing");
  op.size = c.integer("size", 1);
  op.alpha = c.real("alpha", 1e-4f);
  op.beta = c.real("beta", 0.75f);
  op.bias = c.real("bias", 1);
  c.output(0, c.emit(op, {c.input(0)}));
}

// --- Along one axis ---

ValueId emitSoftmax(NodeContext& c, ValueId x, int axis) { return c.emit(Softmax{axis}, {x}); }

/// x - m - log(sum(exp(x - m))), where m is the largest.
ValueId emitLogSoftmax(NodeContext& c, ValueId x, int axis) {
  const ValueId most = c.emit(Reduce{ReduceOp::Max, {axis}, true}, {x});
  const ValueId below = emitBinary(c, ElementOp::Sub, x, most);
  const ValueId powers = c.emitStep({.op = ElementOp::Exp}, below);
  const ValueId sum = c.emit(Reduce{ReduceOp::Sum, {axis}, true}, {powers});
  return emitBinary(c, ElementOp::Sub, below, c.emitStep({.op = ElementOp::Log}, sum));
}

/// Before opset 13 all dimensions from `axis` on are taken together.
template <ValueId (*emit)(NodeContext&, ValueId, int)>
void convertAlongAxis(NodeContext& c) {
  const ValueId x = c.input(0);
  const Shape shape = c.shape(x);
  const bool together = c.opset() < 13;
  const int axis = normalizeAxis(c.integer("axis", together ? 1 : -1), shape.size());
  const auto first = shape.begin() + axis;
  const std::int64_t normalized = elementCount(Shape(first, shape.end()));
  if (!together || normalized == shape[static_cast<std::size_t>(axis)]) {
    c.output(0, emit(c, x, axis));
    return;
  }
  const Shape matrix = {elementCount(Shape(shape.begin(), first)), normalized};
  c.output(0, reshapeTo(c, emit(c, reshapeTo(c, x, matrix), 1), shape));
}

constexpr std::array kConverters = {
    Converter{"BatchNormalization", convertBatchNormalization, "is_test"},
    Converter{"Hardmax", convertAlongAxis<emitHardmax>},
    Converter{"InstanceNormalization", convertInstanceNormalization},
    Converter{"LRN", convertLrn},
    Converter{"LayerNormalization", convertLayerNormalization, "stash_type"},
    Converter{"LogSoftmax", convertAlongAxis<emitLogSoftmax>},
    Converter{"MeanVarianceNormalization", convertMeanVarianceNormalization},
    Converter{"Softmax", convertAlongAxis<emitSoftmax>},
};

}  // namespace

std::span<const Converter> normalizationConverters() { return kConverters; }

}  // namespace npusim::onnx_import
