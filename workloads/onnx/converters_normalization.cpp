#include <array>
#include <cmath>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

Tensor perChannel(NodeContext& c, std::size_t index, const char* what, std::int64_t channels) {
  Tensor tensor = c.constantValue(c.input(index), what);
  if (tensor.shape() == Shape{channels}) return tensor;
  throw BadInput(std::string(what) + " is " + toString(tensor.shape()) + ", expected " +
                 std::to_string(channels) + " channels");
}

/// (x - mean) / sqrt(var + epsilon) * scale + b, as one factor and one addend a channel.
void convertBatchNormalization(NodeContext& c) {
  const ValueId x = c.input(0);
  if (c.shape(x).size() < 2) throw BadInput("input " + toString(c.shape(x)) + " has no channels");
  if (c.integer("training_mode", 0) != 0 || c.integer("spatial", 1) != 1) {
    throw NotPossible("only inference with one mean a channel is supported");
  }
  const double epsilon = c.real("epsilon", 1e-5f);
  const std::int64_t channels = c.shape(x)[1];
  const Tensor scale = perChannel(c, 1, "scale", channels);
  const Tensor shift = perChannel(c, 2, "B", channels);
  const Tensor mean = perChannel(c, 3, "mean", channels);
  const Tensor variance = perChannel(c, 4, "var", channels);
  Shape shape(c.shape(x).size() - 1, 1);
  shape[0] = channels;
  Tensor factor(c.type(x), shape);
  Tensor addend(c.type(x), shape);
  for (std::int64_t i = 0; i < channels; ++i) {
    const double slope = scale.at(i) / std::sqrt(variance.at(i) + epsilon);
    factor.set(i, slope);
    addend.set(i, shift.at(i) - mean.at(i) * slope);
  }
  const std::vector<ValueId> inputs = {x, c.constant("scale", std::move(factor)),
                                       c.constant("shift", std::move(addend))};
  c.output(0, c.emit(Elementwise{}, inputs,
                     {{.op = ElementOp::Mul, .operand = 1}, {.op = ElementOp::Add, .operand = 2}}));
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

/// Before opset 13 all dimensions from `axis` on are normalised together.
void convertSoftmax(NodeContext& c) {
  const ValueId x = c.input(0);
  const Shape shape = c.shape(x);
  const bool together = c.opset() < 13;
  const int axis = normalizeAxis(c.integer("axis", together ? 1 : -1), shape.size());
  const auto first = shape.begin() + axis;
  const std::int64_t normalized = elementCount(Shape(first, shape.end()));
  if (!together || normalized == shape[static_cast<std::size_t>(axis)]) {
    c.output(0, c.emit(Softmax{axis}, {x}));
    return;
  }
  const Shape matrix = {elementCount(Shape(shape.begin(), first)), normalized};
  const ValueId y = c.emit(Softmax{1}, {reshapeTo(c, x, matrix)});
  c.output(0, reshapeTo(c, y, shape));
}

constexpr std::array kConverters = {
    Converter{"BatchNormalization", convertBatchNormalization, "momentum"},
    Converter{"LRN", convertLrn},
    Converter{"Softmax", convertSoftmax},
};

}  // namespace

std::span<const Converter> normalizationConverters() { return kConverters; }

}  // namespace npusim::onnx_import
