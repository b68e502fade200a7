#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "workloads/onnx/data_set.h"
#include "workloads/onnx/explain.h"
#include "workloads/onnx/model.h"
#include "workloads/onnx/tensor_proto.h"

namespace npusim::onnx_import {
namespace {

namespace fs = std::filesystem;

/// Parses a protobuf file; an unreadable one is an error, as is one that is no such message.
template <typename Message>
void parseFile(const std::string& file, const char* kind, Message& message) {
  if (fs::is_directory(file)) throw BadInput(file + ": is a folder, expected " + kind);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw BadInput(file + ": cannot be opened, expected " + kind);
  const google::protobuf::LogSilencer silencer;
  if (!message.ParseFromIstream(&stream)) {
    throw BadInput(file + ": is damaged or not " + kind);
  }
}

template <typename Field>
auto toVector(const Field& field) {
  return std::vector<typename Field::value_type>(field.begin(), field.end());
}

onnx::AttributeProto::AttributeType attributeType(const onnx::AttributeProto& message) {
  using A = onnx::AttributeProto;
  if (message.type() != A::UNDEFINED) return message.type();
  if (message.has_i()) return A::INT;
  if (message.has_f()) return A::FLOAT;
  if (message.has_s()) return A::STRING;
  if (message.has_t()) return A::TENSOR;
  if (message.has_g()) return A::GRAPH;
  if (message.ints_size() > 0) return A::INTS;
  if (message.floats_size() > 0) return A::FLOATS;
  return A::UNDEFINED;
}

OnnxGraph readGraph(onnx::GraphProto& message, const TensorSource& source);

Attribute readAttribute(onnx::AttributeProto& message, const TensorSource& source) {
  using A = onnx::AttributeProto;
  switch (attributeType(message)) {
    case A::INT:
      return message.i();
    case A::FLOAT:
      return message.f();
    case A::STRING:
      return message.s();
    case A::TENSOR:
      return takeTensor(*message.mutable_t(), source);
    case A::INTS:
      return toVector(message.ints());
    case A::FLOATS:
      return toVector(message.floats());
    case A::STRINGS:
      return toVector(message.strings());
    case A::GRAPH:
      return std::make_shared<OnnxGraph>(readGraph(*message.mutable_g(), source));
    default:
      return std::monostate{};
  }
}

std::string describe(const onnx::NodeProto& message, int index) {
  const std::string name =
      message.name().empty() ? "number " + std::to_string(index) : "'" + message.name() + "'";
  return "node " + name + " (" + message.op_type() + ")";
}

OnnxNode readNode(onnx::NodeProto& message, int index, const TensorSource& source) {
  OnnxNode node{message.name(),
                message.op_type(),
                message.domain(),
                toVector(message.input()),
                toVector(message.output()),
                {}};
  const std::string what = describe(message, index);
  if (node.op.empty()) throw BadInput(what + ": has no operator");
  for (onnx::AttributeProto& attribute : *message.mutable_attribute()) {
    const std::string& name = attribute.name();
    Attribute value = explained(what + ": attribute '" + name + "'",
                                [&] { return readAttribute(attribute, source); });
    if (!node.attributes.emplace(name, std::move(value)).second) {
      throw BadInput(what + ": attribute '" + name + "' is given twice");
    }
  }
  return node;
}

OnnxInput readInput(const onnx::ValueInfoProto& message) {
  if (!message.type().has_tensor_type()) throw NotPossible("only tensors are supported");
  const auto& type = message.type().tensor_type();
  OnnxInput input{message.name(), toDataType(type.elem_type()), {}};
  if (!type.has_shape()) return input;
  input.dimensions.emplace();
  for (const auto& dimension : type.shape().dim()) {
    OnnxDimension read{{}, dimension.dim_param()};
    if (dimension.has_dim_value() && dimension.dim_value() > 0) read.extent = dimension.dim_value();
    input.dimensions->push_back(std::move(read));
  }
  return input;
}

/// Version of the default operator set; the other domains matter only to nodes that use them.
int readOpset(const onnx::ModelProto& message) {
  std::int64_t version = 0;
  for (const auto& set : message.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") version = set.version();
  }
  if (version < 1 || version > std::numeric_limits<int>::max()) {
    throw BadInput("declares no version of the default operator set (opset_import)");
  }
  return static_cast<int>(version);
}

void readInitializers(onnx::GraphProto& graph, const TensorSource& source, OnnxGraph& read) {
  if (graph.sparse_initializer_size() > 0) {
    throw NotPossible("sparse initialisers are not supported, only dense ones");
  }
  for (onnx::TensorProto& message : *graph.mutable_initializer()) {
    const std::string what = "initialiser '" + message.name() + "'";
    if (message.name().empty()) throw BadInput("an initialiser has no name");
    Tensor tensor = explained(what, [&] { return takeTensor(message, source); });
    if (!read.initializers.emplace(message.name(), std::move(tensor)).second) {
      throw BadInput(what + " is given twice");
    }
  }
}

void readInputs(const onnx::GraphProto& graph, OnnxGraph& read) {
  std::set<std::string> names;
  for (const onnx::ValueInfoProto& message : graph.input()) {
    const std::string what = "input '" + message.name() + "'";
    if (message.name().empty()) throw BadInput("a graph input has no name");
    if (!names.insert(message.name()).second) throw BadInput(what + " is given twice");
    if (read.initializers.contains(message.name())) continue;
    read.inputs.push_back(explained(what, [&] { return readInput(message); }));
  }
}

OnnxGraph readGraph(onnx::GraphProto& message, const TensorSource& source) {
  OnnxGraph graph;
  readInitializers(message, source, graph);
  readInputs(message, graph);
  for (const auto& output : message.output()) graph.outputs.push_back(output.name());
  for (int i = 0; i < message.node_size(); ++i) {
    graph.nodes.push_back(readNode(*message.mutable_node(i), i, source));
  }
  return graph;
}

OnnxModel readMessage(onnx::ModelProto& message, const std::string& file,
                      const TensorSource& source) {
  if (!message.has_graph()) throw BadInput("holds no graph, expected an ONNX model");
  const int opset = readOpset(message);
  return {readGraph(*message.mutable_graph(), source), file, opset};
}

}  // namespace

OnnxModel readModel(const std::string& file) {
  onnx::ModelProto message;
  parseFile(file, "an ONNX model", message);
  const TensorSource source{fs::path(file).parent_path().string()};
  return explained(file, [&] { return readMessage(message, file, source); });
}

OnnxModel readModelBytes(std::string_view bytes, const std::string& name) {
  onnx::ModelProto message;
  const google::protobuf::LogSilencer silencer;
  if (bytes.size() > std::numeric_limits<int>::max() ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw BadInput(name + ": is damaged or not an ONNX model");
  }
  return explained(name, [&] { return readMessage(message, name, TensorSource{}); });
}

}  // namespace npusim::onnx_import

namespace npusim {

Tensor readTensorProto(const std::string& file) {
  onnx::TensorProto message;
  onnx_import::parseFile(file, "an ONNX tensor", message);
  return onnx_import::explained(
      file, [&] { return onnx_import::takeTensor(message, onnx_import::TensorSource{}); });
}

}  // namespace npusim
