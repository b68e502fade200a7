#include "tests/workloads/onnx/model_builder.h"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>

#include "sim/core/error.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::testing_onnx {
namespace {

int onnxType(DataType type) {
  using T = onnx::TensorProto;
  const std::map<DataType, int> types = {
      {DataType::Float32, T::FLOAT},  {DataType::Float16, T::FLOAT16},
      {DataType::Float64, T::DOUBLE}, {DataType::BFloat16, T::BFLOAT16},
      {DataType::Int8, T::INT8},      {DataType::UInt8, T::UINT8},
      {DataType::Int16, T::INT16},    {DataType::UInt16, T::UINT16},
      {DataType::Int32, T::INT32},    {DataType::UInt32, T::UINT32},
      {DataType::Int64, T::INT64},    {DataType::UInt64, T::UINT64},
      {DataType::Bool, T::BOOL}};
  return types.at(type);
}

void fill(onnx::TensorProto& message, const std::string& name, const Tensor& tensor) {
  message.set_name(name);
  message.set_data_type(onnxType(tensor.type()));
  for (const std::int64_t extent : tensor.shape()) message.add_dims(extent);
  const auto bytes = tensor.bytes();
  message.set_raw_data(bytes.data(), bytes.size());
}

onnx::AttributeProto& add(onnx::ModelProto& model, const std::string& name,
                          onnx::AttributeProto::AttributeType type) {
  auto& nodes = *model.mutable_graph()->mutable_node();
  onnx::AttributeProto& attribute = *nodes.rbegin()->add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

}  // namespace

ModelBuilder::ModelBuilder(int opset) : model_(std::make_unique<onnx::ModelProto>()) {
  model_->set_ir_version(8);
  model_->add_opset_import()->set_version(opset);
  model_->mutable_graph()->set_name("test");
}

ModelBuilder::ModelBuilder(ModelBuilder&&) noexcept = default;
ModelBuilder::~ModelBuilder() = default;

ModelBuilder& ModelBuilder::input(const std::string& name,
                                  const std::vector<std::string>& dimensions, DataType type) {
  inputWithoutShape(name);
  auto& tensor =
      *model_->mutable_graph()->mutable_input()->rbegin()->mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnxType(type));
  tensor.mutable_shape();
  for (const std::string& dimension : dimensions) {
    auto& added = *tensor.mutable_shape()->add_dim();
    const bool number = !dimension.empty() && (std::isdigit(dimension[0]) || dimension[0] == '-');
    if (number) added.set_dim_value(std::stoll(dimension));
    if (!number && !dimension.empty()) added.set_dim_param(dimension);
  }
  return *this;
}

ModelBuilder& ModelBuilder::inputWithoutShape(const std::string& name) {
  onnx::ValueInfoProto& input = *model_->mutable_graph()->add_input();
  input.set_name(name);
  input.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  return *this;
}

ModelBuilder& ModelBuilder::constant(const std::string& name, const Tensor& tensor) {
  fill(*model_->mutable_graph()->add_initializer(), name, tensor);
  return *this;
}

ModelBuilder& ModelBuilder::constant(const std::string& name, const Ints& values) {
  return constant(name, int64Tensor(values));
}

ModelBuilder& ModelBuilder::external(
    const std::string& name, const Shape& shape,
    const std::vector<std::pair<std::string, std::string>>& entries) {
  onnx::TensorProto& tensor = *model_->mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t extent : shape) tensor.add_dims(extent);
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : entries) {
    auto& entry = *tensor.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
  return *this;
}

ModelBuilder& ModelBuilder::node(const std::string& op, const std::vector<std::string>& inputs,
                                 const std::vector<std::string>& outputs, const std::string& name) {
  onnx::NodeProto& node = *model_->mutable_graph()->add_node();
  node.set_op_type(op);
  node.set_name(name);
  for (const std::string& each : inputs) node.add_input(each);
  for (const std::string& each : outputs) node.add_output(each);
  return *this;
}

ModelBuilder& ModelBuilder::domain(const std::string& name) {
  model_->mutable_graph()->mutable_node()->rbegin()->set_domain(name);
  return *this;
}

ModelBuilder& ModelBuilder::attribute(const std::string& name, std::int64_t value) {
  add(*model_, name, onnx::AttributeProto::INT).set_i(value);
  return *this;
}
ModelBuilder& ModelBuilder::attribute(const std::string& name, int value) {
  return attribute(name, std::int64_t{value});
}
ModelBuilder& ModelBuilder::attribute(const std::string& name, float value) {
  add(*model_, name, onnx::AttributeProto::FLOAT).set_f(value);
  return *this;
}
ModelBuilder& ModelBuilder::attribute(const std::string& name, const char* value) {
  add(*model_, name, onnx::AttributeProto::STRING).set_s(value);
  return *this;
}
ModelBuilder& ModelBuilder::attribute(const std::string& name, const Ints& values) {
  onnx::AttributeProto& added = add(*model_, name, onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) added.add_ints(value);
  return *this;
}
ModelBuilder& ModelBuilder::attribute(const std::string& name, const std::vector<float>& values) {
  onnx::AttributeProto& added = add(*model_, name, onnx::AttributeProto::FLOATS);
  for (const float value : values) added.add_floats(value);
  return *this;
}
ModelBuilder& ModelBuilder::attribute(const std::string& name, const Tensor& value) {
  fill(*add(*model_, name, onnx::AttributeProto::TENSOR).mutable_t(), name, value);
  return *this;
}
ModelBuilder& ModelBuilder::graphAttribute(const std::string& name) {
  add(*model_, name, onnx::AttributeProto::GRAPH).mutable_g();
  return *this;
}

ModelBuilder& ModelBuilder::output(const std::string& name) {
  model_->mutable_graph()->add_output()->set_name(name);
  return *this;
}

std::string ModelBuilder::bytes() const { return model_->SerializeAsString(); }

Graph ModelBuilder::import(const OnnxOptions& options) const {
  return importOnnxBytes(bytes(), "m.onnx", options);
}

onnx::GraphProto& ModelBuilder::graph() { return *model_->mutable_graph(); }

std::string tensorBytes(const Tensor& tensor) {
  onnx::TensorProto message;
  fill(message, "t", tensor);
  return message.SerializeAsString();
}

Tensor floats(const Shape& shape, const std::vector<float>& values) {
  Tensor tensor(DataType::Float32, shape);
  const auto to = tensor.as<float>();
  if (values.empty()) {
    std::iota(to.begin(), to.end(), 0.0f);
  } else {
    ensure(values.size() == to.size(), "a test tensor has another number of values");
    std::copy(values.begin(), values.end(), to.begin());
  }
  return tensor;
}

Tensor run(const Graph& graph, const std::vector<Tensor>& inputs) {
  std::map<std::string, Tensor> named;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    named[graph.value(graph.inputs.at(i)).name] = inputs[i];
  }
  return evaluate(graph, named).at(0);
}

std::vector<double> elements(const Tensor& tensor) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.at(i));
  return values;
}

std::string importError(const ModelBuilder& builder, const OnnxOptions& options) {
  try {
    builder.import(options);
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "imported without an error";
  return {};
}

}  // namespace npusim::testing_onnx
