#include <algorithm>
#include <array>
#include <cmath>

#include "workloads/onnx/converters.h"
#include "workloads/onnx/tensor_proto.h"

namespace npusim::onnx_import {
namespace {

/// Most numbers that a Range gives.
constexpr std::int64_t kMaxRange = std::int64_t{1} << 24;

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

/// Inference leaves the input as it is and keeps all, which the mask says. Since opset 12 training
/// is asked for by input 2; it does the same where the ratio is 0.
void convertDropout(NodeContext& c) {
  const bool asInputs = c.opset() >= 12;
  const bool trains = asInputs && c.hasInput(2) && c.scalar(2, "training_mode") != 0;
  if (trains && (!c.hasInput(1) || c.scalar(1, "ratio") != 0)) {
    throw NotPossible("dropping at random (training_mode true) is not supported, only ratio 0");
  }
  const ValueId x = c.input(0);
  convertIdentity(c);
  if (!c.hasOutput(1)) return;
  c.output(1, c.splat("mask", c.opset() >= 10 ? DataType::Bool : c.type(x), c.shape(x), 1));
}

DataType readType(NodeContext& c, const char* attribute, std::int64_t otherwise) {
  const std::int64_t type = c.integer(attribute, otherwise);
  if (type >= 0 && type <= 255) return toDataType(static_cast<int>(type));
  throw BadInput("'" + std::string(attribute) + "' is " + std::to_string(type) +
                 ", no element type");
}

void convertCast(NodeContext& c) {
  if (!c.hasAttribute("to")) throw BadInput("attribute 'to' is missing");
  if (c.opset() < 6) {
    throw NotPossible("names its type by a text before opset 6, which is not supported");
  }
  c.output(0, emitCast(c, c.input(0), readType(c, "to", 0)));
}

void convertCastLike(NodeContext& c) { c.output(0, emitCast(c, c.input(0), c.type(c.input(1)))); }

/// Numbers of start, start + delta, ... before limit.
void convertRange(NodeContext& c) {
  const double start = c.scalar(0, "start"), limit = c.scalar(1, "limit");
  const double delta = c.scalar(2, "delta");
  if (delta == 0) throw BadInput("delta is 0");
  const double count = std::max(0.0, std::ceil((limit - start) / delta));
  if (!(count <= static_cast<double>(kMaxRange))) {
    throw NotPossible("gives " + std::to_string(count) + " numbers, at most " +
                      std::to_string(kMaxRange) + " are supported");
  }
  Tensor numbers(c.type(c.input(0)), {static_cast<std::int64_t>(count)});
  for (std::int64_t i = 0; i < numbers.size(); ++i) {
    numbers.set(i, start + static_cast<double>(i) * delta);
  }
  c.output(0, c.constant("range", std::move(numbers)));
}

/// 1 on diagonal k of a matrix of the input's shape.
void convertEyeLike(NodeContext& c) {
  const ValueId x = c.input(0);
  const Shape shape = c.shape(x);
  if (shape.size() != 2) throw BadInput("input " + toString(shape) + " is no matrix");
  const bool typed = c.hasAttribute("dtype");
  Tensor eye = blankConstant(typed ? readType(c, "dtype", 0) : c.type(x), shape);
  const std::int64_t k = std::clamp(c.integer("k", 0), -shape[0], shape[1]);
  for (std::int64_t row = 0; row < shape[0]; ++row) {
    if (row + k >= 0 && row + k < shape[1]) eye.set(row * shape[1] + row + k, 1);
  }
  c.output(0, c.constant("eye", std::move(eye)));
}

constexpr std::array kConverters = {
    Converter{"Cast", convertCast},
    Converter{"CastLike", convertCastLike},
    Converter{"Constant", convertConstant},
    Converter{"ConstantOfShape", convertConstantOfShape},
    Converter{"Dropout", convertDropout, "ratio seed is_test"},
    Converter{"EyeLike", convertEyeLike},
    Converter{"Identity", convertIdentity},
    Converter{"Range", convertRange},
    Converter{"Shape", convertShape},
    Converter{"Size", convertSize},
};

}  // namespace

std::span<const Converter> constantConverters() { return kConverters; }

}  // namespace npusim::onnx_import
