#include <algorithm>
#include <array>
#include <limits>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

bool isCommutative(ElementOp op) {
  return op == ElementOp::Add || op == ElementOp::Mul || op == ElementOp::Max ||
         op == ElementOp::Min || op == ElementOp::Equal;
}

void requireSameType(NodeContext& c, ValueId a, ValueId b) {
  if (c.type(a) == c.type(b)) return;
  throw BadInput("operands are " + std::string(name(c.type(a))) + " and " +
                 std::string(name(c.type(b))) + ", expected the same type");
}

/// Integer division by a constant zero has no result.
void requireDivisor(NodeContext& c, ValueId divisor) {
  if (isFloat(c.type(divisor)) || !c.isConstant(divisor)) return;
  const Tensor tensor = c.constantValue(divisor, "the divisor");
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    if (tensor.at(i) == 0) throw BadInput("divides integers by zero");
  }
}

template <ElementOp op>
void convertUnary(NodeContext& c) {
  c.output(0, c.emitStep({.op = op}, c.input(0)));
}

template <ElementOp op>
void convertBinary(NodeContext& c) {
  c.output(0, emitBinary(c, op, c.input(0), secondOperand(c)));
}

/// The exponent may have another type than the base, whose type the power has.
void convertPow(NodeContext& c) {
  const ValueId x = c.input(0);
  const ValueId exponent = secondOperand(c);
  const DataType type =
      isFloat(c.type(exponent)) && !isFloat(c.type(x)) ? c.type(exponent) : c.type(x);
  const ValueId power =
      emitBinary(c, ElementOp::Pow, emitCast(c, x, type), emitCast(c, exponent, type));
  c.output(0, emitCast(c, power, c.type(x)));
}

void convertLeakyRelu(NodeContext& c) {
  c.output(0,
           c.emitStep({.op = ElementOp::LeakyRelu, .alpha = c.real("alpha", 0.01f)}, c.input(0)));
}

void convertHardSigmoid(NodeContext& c) {
  const ElementStep step{
      .op = ElementOp::HardSigmoid, .alpha = c.real("alpha", 0.2f), .beta = c.real("beta", 0.5f)};
  c.output(0, c.emitStep(step, c.input(0)));
}

/// Before opset 7 a list of slopes is one a channel.
void convertPRelu(NodeContext& c) {
  const ValueId x = c.input(0);
  ValueId slope = c.input(1);
  if (c.opset() < 7 && c.shape(slope).size() == 1 && c.shape(x).size() > 1) {
    Shape channels(c.shape(x).size() - 1, 1);
    channels[0] = c.shape(slope)[0];
    slope = reshapeTo(c, slope, channels);
  }
  if (broadcast(c.shape(x), c.shape(slope)) != c.shape(x)) {
    throw BadInput("slope " + toString(c.shape(slope)) + " does not broadcast to " +
                   toString(c.shape(x)));
  }
  c.output(0, c.emit(Elementwise{}, {x, slope}, {{.op = ElementOp::PRelu, .operand = 1}}));
}

/// Bounds known now become one step; bounds computed at run time become Max and Min.
void convertClip(NodeContext& c) {
  ValueId x = c.input(0);
  const bool asInputs = c.opset() >= 11;
  const ValueId low = asInputs ? c.optionalInput(1) : kNoValue;
  const ValueId high = asInputs ? c.optionalInput(2) : kNoValue;
  const auto computed = [&](ValueId id) { return id != kNoValue && !c.isConstant(id); };
  if (computed(low) || computed(high) || !isFloat(c.type(x))) {
    if (low != kNoValue) x = emitBinary(c, ElementOp::Max, x, low);
    if (high != kNoValue) x = emitBinary(c, ElementOp::Min, x, high);
    c.output(0, x);
    return;
  }
  ElementStep step{.op = ElementOp::Clip,
                   .alpha = std::numeric_limits<float>::lowest(),
                   .beta = std::numeric_limits<float>::max()};
  if (!asInputs) {
    step.alpha = c.real("min", step.alpha);
    step.beta = c.real("max", step.beta);
  }
  if (low != kNoValue) step.alpha = static_cast<float>(c.scalar(1, "min"));
  if (high != kNoValue) step.beta = static_cast<float>(c.scalar(2, "max"));
  c.output(0, c.emitStep(step, x));
}

/// Sum, Max, Min and Mean of any number of inputs: one step for each after the first, which is the
/// one that has the result's shape and is computed at run time, if there is one.
void convertVariadic(NodeContext& c, ElementOp op, bool isMean) {
  std::vector<ValueId> inputs;
  Shape result;
  for (std::size_t i = 0; i < c.inputCount(); ++i) {
    inputs.push_back(c.input(i));
    requireSameType(c, inputs.front(), inputs.back());
    result = broadcast(result, c.shape(inputs.back()));
  }
  const ValueId only = c.input(0);
  if (inputs.size() == 1) return c.output(0, only);
  const auto main = std::find_if(inputs.begin(), inputs.end(), [&](ValueId id) {
    return !c.isConstant(id) && c.shape(id) == result;
  });
  if (main != inputs.end()) std::iter_swap(inputs.begin(), main);
  std::vector<ElementStep> steps;
  for (int i = 1; i < static_cast<int>(inputs.size()); ++i) {
    steps.push_back({.op = op, .operand = i});
  }
  if (isMean) {
    const float share = 1.0f / static_cast<float>(inputs.size());
    steps.push_back({.op = ElementOp::Mul, .operand = static_cast<int>(inputs.size())});
    inputs.push_back(c.constant("share", convert(scalarTensor(share), c.type(only))));
  }
  c.output(0, c.emit(Elementwise{}, std::move(inputs), std::move(steps)));
}

template <ElementOp op>
void convertVariadicOp(NodeContext& c) {
  convertVariadic(c, op, false);
}

void convertMean(NodeContext& c) { convertVariadic(c, ElementOp::Add, true); }

void convertElu(NodeContext& c) {
  c.output(0, c.emitStep({.op = ElementOp::Elu, .alpha = c.real("alpha", 1)}, c.input(0)));
}

void convertSelu(NodeContext& c) {
  const ElementStep step{.op = ElementOp::Selu,
                         .alpha = c.real("alpha", 1.67326319217681884765625F),
                         .beta = c.real("gamma", 1.05070102214813232421875F)};
  c.output(0, c.emitStep(step, c.input(0)));
}

/// alpha * elu(x / alpha).
void convertCelu(NodeContext& c) {
  const ValueId x = c.input(0);
  const ValueId alpha = scalarLike(c, x, c.real("alpha", 1));
  c.output(0, c.emit(Elementwise{}, {x, alpha},
                     {{.op = ElementOp::Div, .operand = 1},
                      {.op = ElementOp::Elu, .alpha = 1},
                      {.op = ElementOp::Mul, .operand = 1}}));
}

/// x + bias below -lambd, x - bias above lambd, else 0.
void convertShrink(NodeContext& c) {
  const ValueId x = c.input(0);
  const double lambda = c.real("lambd", 0.5f);
  const ValueId bias = scalarLike(c, x, c.real("bias", 0));
  const ValueId below = emitBinary(c, ElementOp::Less, x, scalarLike(c, x, -lambda));
  const ValueId above = emitBinary(c, ElementOp::Greater, x, scalarLike(c, x, lambda));
  const ValueId raised = emitBinary(c, ElementOp::Add, x, bias);
  const ValueId lowered = emitBinary(c, ElementOp::Sub, x, bias);
  c.output(0, emitBinary(c, ElementOp::Add, emitKept(c, ElementOp::KeepIf, raised, below),
                         emitKept(c, ElementOp::KeepIf, lowered, above)));
}

/// (exp(x) op exp(-x)) / 2.
template <ElementOp op>
void convertHyperbolic(NodeContext& c) {
  const ValueId x = c.input(0);
  const ValueId up = c.emitStep({.op = ElementOp::Exp}, x);
  const ValueId down = c.emit(Elementwise{}, {x}, {{.op = ElementOp::Neg}, {.op = ElementOp::Exp}});
  const ValueId sum = emitBinary(c, op, up, down);
  c.output(0, emitBinary(c, ElementOp::Mul, sum, scalarLike(c, x, 0.5)));
}

void convertTan(NodeContext& c) {
  const ValueId sine = c.emitStep({.op = ElementOp::Sin}, c.input(0));
  const ValueId cosine = c.emitStep({.op = ElementOp::Cos}, c.input(0));
  c.output(0, emitBinary(c, ElementOp::Div, sine, cosine));
}

void convertThresholdedRelu(NodeContext& c) {
  c.output(0,
           c.emitStep({.op = ElementOp::ThresholdedRelu, .alpha = c.real("alpha", 1)}, c.input(0)));
}

constexpr std::array kConverters = {
    Converter{"Abs", convertUnary<ElementOp::Abs>},
    Converter{"Add", convertBinary<ElementOp::Add>},
    Converter{"Celu", convertCelu},
    Converter{"Ceil", convertUnary<ElementOp::Ceil>},
    Converter{"Clip", convertClip},
    Converter{"Cos", convertUnary<ElementOp::Cos>},
    Converter{"Cosh", convertHyperbolic<ElementOp::Add>},
    Converter{"Div", convertBinary<ElementOp::Div>},
    Converter{"Elu", convertElu},
    Converter{"Equal", convertBinary<ElementOp::Equal>},
    Converter{"Erf", convertUnary<ElementOp::Erf>},
    Converter{"Exp", convertUnary<ElementOp::Exp>},
    Converter{"Floor", convertUnary<ElementOp::Floor>},
    Converter{"HardSigmoid", convertHardSigmoid},
    Converter{"HardSwish", convertUnary<ElementOp::HardSwish>},
    Converter{"LeakyRelu", convertLeakyRelu},
    Converter{"Log", convertUnary<ElementOp::Log>},
    Converter{"Max", convertVariadicOp<ElementOp::Max>},
    Converter{"Mean", convertMean},
    Converter{"Min", convertVariadicOp<ElementOp::Min>},
    Converter{"Mul", convertBinary<ElementOp::Mul>},
    Converter{"Neg", convertUnary<ElementOp::Neg>},
    Converter{"PRelu", convertPRelu},
    Converter{"Pow", convertPow},
    Converter{"Reciprocal", convertUnary<ElementOp::Reciprocal>},
    Converter{"Relu", convertUnary<ElementOp::Relu>},
    Converter{"Round", convertUnary<ElementOp::Round>},
    Converter{"Selu", convertSelu},
    Converter{"Shrink", convertShrink},
    Converter{"Sigmoid", convertUnary<ElementOp::Sigmoid>},
    Converter{"Sign", convertUnary<ElementOp::Sign>},
    Converter{"Sin", convertUnary<ElementOp::Sin>},
    Converter{"Sinh", convertHyperbolic<ElementOp::Sub>},
    Converter{"Softplus", convertUnary<ElementOp::Softplus>},
    Converter{"Softsign", convertUnary<ElementOp::Softsign>},
    Converter{"Sqrt", convertUnary<ElementOp::Sqrt>},
    Converter{"Sub", convertBinary<ElementOp::Sub>},
    Converter{"Sum", convertVariadicOp<ElementOp::Add>},
    Converter{"Tan", convertTan},
    Converter{"Tanh", convertUnary<ElementOp::Tanh>},
    Converter{"ThresholdedRelu", convertThresholdedRelu},
};

}  // namespace

ValueId emitBinary(NodeContext& context, ElementOp op, ValueId a, ValueId b) {
  requireSameType(context, a, b);
  if (op == ElementOp::Div) requireDivisor(context, b);
  const Shape result = broadcast(context.shape(a), context.shape(b));
  const auto isMain = [&](ValueId id) {
    return !context.isConstant(id) && context.shape(id) == result;
  };
  const bool swap = !isMain(a) && isMain(b);
  const ElementStep step{.op = op, .operand = 1, .reversed = swap && !isCommutative(op)};
  return context.emit(Elementwise{}, swap ? std::vector{b, a} : std::vector{a, b}, {step});
}

ValueId secondOperand(NodeContext& c) {
  const ValueId b = c.input(1);
  const Shape shape = c.shape(b);
  if (c.opset() >= 7) return b;
  const bool broadcasts = c.integer("broadcast", 0) != 0;
  const std::size_t rank = c.shape(c.input(0)).size();
  if (!broadcasts || !c.hasAttribute("axis") || shape.size() > rank) return b;
  const auto axis = static_cast<std::size_t>(normalizeAxis(c.integer("axis", 0), rank));
  if (axis + shape.size() > rank) {
    throw BadInput("operand " + toString(shape) + " reaches past the " + std::to_string(rank) +
                   " dimensions from axis " + std::to_string(axis));
  }
  Shape trailing = shape;
  trailing.resize(rank - axis, 1);
  return reshapeTo(c, b, trailing);
}

std::span<const Converter> elementwiseConverters() { return kConverters; }

}  // namespace npusim::onnx_import
