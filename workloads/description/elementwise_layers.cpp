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

ValueId binary(const Layer& layer, std::string_view part, ElementOp op, ValueId x,
               ValueId operand) {
  return layer.net.add(layer.part(part), name(op), Elementwise{}, {x, operand},
                       {{.op = op, .operand = 1}});
}

ValueId unary(const Layer& layer, std::string_view part, ElementOp op, ValueId x) {
  return layer.net.add(layer.part(part), name(op), Elementwise{}, {x}, {{.op = op}});
}

}  // namespace npusim
