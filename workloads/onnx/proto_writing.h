#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/tensor.h"

namespace onnx {
class NodeProto;
class TensorProto;
}  // namespace onnx

namespace npusim::onnx_import {

/// An int8, int32 or fp32 tensor's elements as an ONNX tensor of `shape`.
onnx::TensorProto tensorProto(const std::string& name, const Tensor& tensor, const Shape& shape);

/// An fp32 vector of these numbers.
Tensor floats(const std::vector<float>& numbers);

/// A node of one output, which it is named after.
onnx::NodeProto nodeProto(const std::string& op, const std::vector<std::string>& inputs,
                          const std::string& output);

void setAxis(onnx::NodeProto& node, std::int64_t axis);
void dropAttribute(onnx::NodeProto& node, std::string_view name);

/// Calls `visit` for every name that a node and the bodies in it read.
void forEachRead(onnx::NodeProto& node, const std::function<void(std::string&)>& visit);

}  // namespace npusim::onnx_import
