#include "workloads/onnx/proto_writing.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

namespace npusim::onnx_import {

onnx::TensorProto tensorProto(const std::string& name, const Tensor& tensor, const Shape& shape) {
  onnx::TensorProto proto;
  proto.set_name(name);
  using P = onnx::TensorProto;
  const DataType type = tensor.type();
  proto.set_data_type(type == DataType::Int8 ? P::INT8
                                             : (type == DataType::Int32 ? P::INT32 : P::FLOAT));
  for (const std::int64_t extent : shape) proto.add_dims(extent);
  proto.set_raw_data(tensor.bytes().data(), tensor.bytes().size());
  return proto;
}

Tensor floats(const std::vector<float>& numbers) {
  Tensor tensor(DataType::Float32, {static_cast<std::int64_t>(numbers.size())});
  std::ranges::copy(numbers, tensor.as<float>().begin());
  return tensor;
}

onnx::NodeProto nodeProto(const std::string& op, const std::vector<std::string>& inputs,
                          const std::string& output) {
  onnx::NodeProto node;
  node.set_name(output + "/" + op);
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

void setAxis(onnx::NodeProto& node, std::int64_t axis) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name("axis");
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(axis);
}

void dropAttribute(onnx::NodeProto& node, std::string_view name) {
  auto& all = *node.mutable_attribute();
  for (int i = all.size(); i-- > 0;) {
    if (all[i].name() == name) all.DeleteSubrange(i, 1);
  }
}

void forEachRead(onnx::NodeProto& node, const std::function<void(std::string&)>& visit) {
  for (auto& input : *node.mutable_input()) visit(input);
  for (auto& attribute : *node.mutable_attribute()) {
    if (!attribute.has_g()) continue;
    for (auto& inner : *attribute.mutable_g()->mutable_node()) forEachRead(inner, visit);
    for (auto& output : *attribute.mutable_g()->mutable_output()) visit(*output.mutable_name());
  }
}

}  // namespace npusim::onnx_import
