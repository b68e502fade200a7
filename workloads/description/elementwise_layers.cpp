#include "workloads/description/kinds.h"

namespace npusim {

ValueId buildUnary(Layer& layer, const LayerKind& kind) {
  ElementStep step = kind.step;
  Section& options = layer.options;
  if (step.op == ElementOp::LeakyRelu || step.op == ElementOp::HardSigmoid) {
    step.alpha = static_cast<float>(options.number("alpha", static_cast<double>(step.alpha)));
  }
  if (step.op == ElementOp::HardSigmoid) {
    step.beta = static_cast<float>(options.number("beta", static_cast<double>(step.beta)));
  }
  return layer.net.add(layer.name, kind.opName, Elementwise{}, layer.inputs, {step});
}

ValueId buildClip(Layer& layer, const LayerKind& kind) {
  ElementStep step = kind.step;
  step.alpha = static_cast<float>(layer.options.required("min").number());
  step.beta = static_cast<float>(layer.options.required("max").number());
  return layer.net.add(layer.name, kind.opName, Elementwise{}, layer.inputs, {step});
}

ValueId buildBinary(Layer& layer, const LayerKind& kind) {
  ElementStep step = kind.step;
  step.operand = 1;
  return layer.net.add(layer.name, kind.opName, Elementwise{}, layer.inputs, {step});
}

/// gelu: x * (1 + erf(x / sqrt 2)) / 2 (Hendrycks and Gimpel 2016); gelu_tanh and quick_gelu are
/// that paper's approximations x * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, here by the
/// equal sigmoid, and x * sigmoid(1.702 x); silu: x * sigmoid(x).
ValueId buildGated(Layer& layer, const LayerKind& kind) {
  const ValueId x = layer.inputs[0];
  std::vector<ValueId> inputs{x, x};
  std::vector<ElementStep> steps;
  const auto with = [&](ElementOp op, std::string_view what, double number) {
    steps.push_back({.op = op, .operand = static_cast<int>(inputs.size())});
    inputs.push_back(layer.net.number(layer.part(what), number));
  };
  if (kind.name == "gelu") {
    with(ElementOp::Mul, "inner", 0.70710678118654752);
    steps.push_back({.op = ElementOp::Erf});
    with(ElementOp::Add, "one", 1);
    with(ElementOp::Mul, "half", 0.5);
  } else if (kind.name == "gelu_tanh") {
    steps.push_back({.op = ElementOp::Square});
    with(ElementOp::Mul, "cubic", 0.044715);
    with(ElementOp::Add, "one", 1);
    steps.push_back({.op = ElementOp::Mul, .operand = 1});
    with(ElementOp::Mul, "inner", 1.5957691216057308);  // 2 sqrt(2 / pi)
    steps.push_back({.op = ElementOp::Sigmoid});
  } else {
    if (kind.name == "quick_gelu") with(ElementOp::Mul, "inner", 1.702);
    steps.push_back({.op = ElementOp::Sigmoid});
  }
  steps.push_back({.op = ElementOp::Mul, .operand = 1});
  return layer.net.add(layer.name, kind.opName, Elementwise{}, std::move(inputs), std::move(steps));
}

ValueId binary(const Layer& layer, std::string_view part, ElementOp op, ValueId x,
               ValueId operand) {
  return layer.net.add(layer.part(part), name(op), Elementwise{}, {x, operand},
                       {{.op = op, .operand = 1}});
}

ValueId unary(const Layer& layer, std::string_view part, ElementOp op, ValueId x) {
  return layer.net.add(layer.part(part), name(op), Elementwise{}, {x}, {{.op = op}});
}

}  // namespace npusim
