#include <fmt/format.h>

#include "workloads/description/kinds.h"

namespace npusim {
namespace {

/// x * scale + shift with weights of `shape`; `shift` only where the options want one.
ValueId scaledAndShifted(Layer& layer, ValueId x, const Shape& shape, bool shift) {
  std::vector<ValueId> inputs{x, layer.net.weight(layer.part("scale"), shape)};
  std::vector<ElementStep> steps{{.op = ElementOp::Mul, .operand = 1}};
  if (shift) {
    inputs.push_back(layer.net.weight(layer.part("shift"), shape));
    steps.push_back({.op = ElementOp::Add, .operand = 2});
  }
  return layer.net.add(layer.name, "Scale", Elementwise{}, std::move(inputs), std::move(steps));
}

}  // namespace

ValueId addBatchNorm(Layer& layer, const std::string& name, ValueId x) {
  const Shape& shape = layer.net.shape(x);
  if (shape.size() < 2) layer.options.place().fail("batch_norm takes an input of rank 2 or more");
  Shape parameters(shape.size() - 1, 1);
  parameters[0] = shape[1];
  const std::string own = layer.name == name ? "" : "batch_norm.";
  const ValueId scale = layer.net.weight(layer.part(own + "scale"), parameters);
  const ValueId shift = layer.net.weight(layer.part(own + "shift"), parameters);
  return layer.net.add(
      name, "BatchNormalization", Elementwise{}, {x, scale, shift},
      {{.op = ElementOp::Mul, .operand = 1}, {.op = ElementOp::Add, .operand = 2}});
}

ValueId buildBatchNorm(Layer& layer, const LayerKind&) {
  return addBatchNorm(layer, layer.name, layer.inputs[0]);
}

ValueId buildLocalResponseNorm(Layer& layer, const LayerKind& kind) {
  LocalResponseNorm op;
  op.size = layer.options.required("size").integer(1);
  op.alpha = static_cast<float>(layer.options.number("alpha", 1e-4));
  op.beta = static_cast<float>(layer.options.number("beta", 0.75));
  op.bias = static_cast<float>(layer.options.number("bias", 1));
  return layer.net.add(layer.name, kind.opName, op, layer.inputs);
}

/// Over the last dimension; rms_norm without the mean.
ValueId buildLayerNorm(Layer& layer, const LayerKind& kind) {
  LayerNorm op;
  const bool centered = kind.name == "layer_norm";
  op.axis = static_cast<int>(layer.shape().size()) - 1;
  if (op.axis < 1) layer.options.place().fail("takes an input of rank 2 or more");
  op.epsilon = static_cast<float>(layer.options.number("epsilon", 1e-5));
  op.centered = centered;
  const bool affine = layer.options.flag("affine", true);
  const bool shift = centered && layer.options.flag("bias", true);
  const Shape features{layer.shape().back()};
  if (!affine) return layer.net.add(layer.name, kind.opName, op, layer.inputs);
  const ValueId y = layer.net.add(layer.part("normalized"), kind.opName, op, layer.inputs);
  return scaledAndShifted(layer, y, features, shift);
}

namespace {

/// The mean over a group's channels and pixels, again for each of its channels: [N, C, 1, ...].
ValueId groupMean(const Layer& layer, const std::string& part, ValueId x, std::int64_t groups) {
  const Shape shape = layer.net.shape(x);
  Reduce pixels{ReduceOp::Mean, {}, true};
  for (int axis = 2; axis < static_cast<int>(shape.size()); ++axis) pixels.axes.push_back(axis);
  const ValueId channels = layer.net.add(layer.part(part + ".channels"), "ReduceMean", pixels, {x});
  const Shape single = layer.net.shape(channels);
  const std::int64_t each = shape[1] / groups;
  const ValueId apart = reshaped(layer, part + ".apart", channels, {shape[0], groups, each});
  const ValueId mean = layer.net.add(layer.part(part + ".groups"), "ReduceMean",
                                     Reduce{ReduceOp::Mean, {2}, true}, {apart});
  Remap again;
  again.source.resize(3);
  again.source[2].assign(static_cast<std::size_t>(each), 0);
  const ValueId spread = layer.net.add(layer.part(part + ".spread"), "Expand", again, {mean});
  return reshaped(layer, part, spread, single);
}

/// Groups too large to lie on chip: from means channel by channel.
ValueId normalizeLargeGroups(const Layer& layer, std::int64_t groups, double epsilon) {
  const ValueId x = layer.inputs[0];
  const ValueId mean = groupMean(layer, "mean", x, groups);
  const ValueId squares =
      layer.net.add(layer.part("squares"), "Square", Elementwise{}, {x, mean},
                    {{.op = ElementOp::Sub, .operand = 1}, {.op = ElementOp::Square}});
  const ValueId variance = groupMean(layer, "variance", squares, groups);
  const ValueId least = layer.net.number(layer.part("epsilon"), epsilon);
  const ValueId deviation =
      layer.net.add(layer.part("deviation"), "Sqrt", Elementwise{}, {variance, least},
                    {{.op = ElementOp::Add, .operand = 1}, {.op = ElementOp::Sqrt}});
  return layer.net.add(
      layer.part("normalized"), "GroupNormalization", Elementwise{}, {x, mean, deviation},
      {{.op = ElementOp::Sub, .operand = 1}, {.op = ElementOp::Div, .operand = 2}});
}

}  // namespace

/// Over the channels of a group and all pixels of an image.
ValueId buildGroupNorm(Layer& layer, const LayerKind& kind) {
  const Shape x = layer.shape();
  const std::int64_t groups = layer.options.required("groups").integer(1);
  if (x.size() < 2 || x[1] % groups != 0) {
    layer.options.place().fail(
        fmt::format("the channels of {} do not divide into {} groups", toString(x), groups));
  }
  Shape channels(x.size() - 1, 1);
  channels[0] = x[1];
  constexpr std::int64_t kMostTogether = 1 << 16;
  if (x.size() > 2 && elementCount(x) / x[0] / groups > kMostTogether) {
    const double epsilon = layer.options.number("epsilon", 1e-5);
    return scaledAndShifted(layer, normalizeLargeGroups(layer, groups, epsilon), channels, true);
  }
  LayerNorm op;
  op.axis = 2;
  op.epsilon = static_cast<float>(layer.options.number("epsilon", 1e-5));
  Shape apart = x;
  apart[1] = x[1] / groups;
  apart.insert(apart.begin() + 1, groups);
  const ValueId split = reshaped(layer, "groups", layer.inputs[0], apart);
  const ValueId y = layer.net.add(layer.part("normalized"), kind.opName, op, {split});
  return scaledAndShifted(layer, reshaped(layer, "joined", y, x), channels, true);
}

}  // namespace npusim
