#include <algorithm>
#include <array>

#include "workloads/onnx/converters.h"
#include "workloads/onnx/tensor_proto.h"

namespace npusim::onnx_import {
namespace {

Tensor realTensor(const std::vector<float>& values) {
  Tensor tensor(DataType::Float32, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<float>().begin());
  return tensor;
}

/// The value_* forms came with opset 12.
void convertConstant(NodeContext& c) {
  const auto give = [&](Tensor tensor) { c.output(0, c.constant("value", std::move(tensor))); };
  if (std::optional<Tensor> tensor = c.tensor("value")) return give(std::move(*tensor));
  if (c.hasAttribute("value_float")) return give(scalarTensor(c.real("value_float", 0)));
  if (c.hasAttribute("value_floats")) return give(realTensor(c.reals("value_floats")));
  if (c.hasAttribute("value_int"))
    return give(int64Tensor({c.integer("value_int", 0)}).reshaped({}));
  if (c.hasAttribute("value_ints")) {
    return give(int64Tensor(c.integers("value_ints", std::vector<std::int64_t>{})));
  }
  throw NotPossible(
      "needs one of value, value_float, value_floats, value_int and value_ints; texts and sparse "
      "tensors are not supported");
}

void convertConstantOfShape(NodeContext& c) {
  const Shape shape = c.integers(0, "shape");
  const Tensor value = c.tensor("value").value_or(scalarTensor(0));
  if (value.size() != 1) {
    throw BadInput("value is " + toString(value.shape()) + ", expected one element");
  }
  if (elementCount(shape) == 0) {
    return c.output(0, c.constant("value", Tensor(value.type(), shape)));
  }
  c.output(0, c.splat("value", value.type(), shape, value.at(0)));
}

/// Since opset 15 a part of the shape can be asked for.
void convertShape(NodeContext& c) {
  const Shape& shape = c.shape(c.input(0));
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto bound = [&](std::int64_t axis) {
    return std::clamp<std::int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  const std::int64_t begin = bound(c.integer("start", 0));
  const std::int64_t end = std::max(begin, bound(c.integer("end", rank)));
  c.output(0, c.constant("shape", int64Tensor(Shape(shape.begin() + begin, shape.begin() + end))));
}

void convertSize(NodeContext& c) {
  c.output(0, c.constant("size", int64Tensor({elementCount(c.shape(c.input(0)))}).reshaped({})));
}

void convertIdentity(NodeContext& c) { c.output(0, c.input(0)); }

/// Inference leaves the input as it is. Since opset 12 training is asked for by input 2.
void convertDropout(NodeContext& c) {
  if (c.opset() >= 12 && c.hasInput(2) && c.scalar(2, "training_mode") != 0) {
    throw NotPossible("only inference is supported (training_mode false)");
  }
  convertIdentity(c);
}

void convertCast(NodeContext& c) {
  const ValueId x = c.input(0);
  if (!c.hasAttribute("to")) throw BadInput("attribute 'to' is missing");
  const std::int64_t to = c.integer("to", 0);
  if (to < 0 || to > 255) throw BadInput("'to' is " + std::to_string(to) + ", no element type");
  const DataType type = toDataType(static_cast<int>(to));
  c.output(0, type == c.type(x) ? x : c.emit(Elementwise{}, {x}, {}, type));
}

constexpr std::array kConverters = {
    Converter{"Cast", convertCast},
    Converter{"Constant", convertConstant},
    Converter{"ConstantOfShape", convertConstantOfShape},
    Converter{"Dropout", convertDropout, "ratio seed"},
    Converter{"Identity", convertIdentity},
    Converter{"Shape", convertShape},
    Converter{"Size", convertSize},
};

}  // namespace

std::span<const Converter> constantConverters() { return kConverters; }

}  // namespace npusim::onnx_import
