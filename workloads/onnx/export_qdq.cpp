#include "workloads/onnx/export_qdq.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include "sim/core/atomic_file.h"
#include "sim/core/error.h"
#include "workloads/onnx/proto_writing.h"
#include "workloads/onnx/tensor_proto.h"

namespace npusim {
namespace {

using namespace onnx_import;

constexpr int kFirstOpset = 13;
/// Of opset 13; from 4 on initialisers need not be inputs.
constexpr int kIrVersion = 7;

class QdqWriter {
 public:
  QdqWriter(onnx::ModelProto& model, const Graph& graph)
      : model_(model), proto_(*model.mutable_graph()), graph_(graph) {
    for (const Value& value : graph.values) {
      const bool codes = value.type == DataType::Int8 && value.quantization && !value.constant;
      if (codes) codes_[value.name] = &*value.quantization;
    }
    for (const Node& node : graph.nodes) products_[node.name] = &node;
    for (const auto& tensor : proto_.initializer()) constants_[tensor.name()] = &tensor;
    for (const auto& node : proto_.node()) {
      const bool copies = node.op_type() == "Identity" && constants_.contains(node.input(0));
      if (copies) constants_[node.output(0)] = constants_.at(node.input(0));
      if (node.op_type() != "Constant") continue;
      for (const auto& attribute : node.attribute()) {
        if (attribute.has_t()) constants_[node.output(0)] = &attribute.t();
      }
    }
    for (const auto& output : proto_.output()) outputs_.insert(output.name());
    for (const auto& input : proto_.input()) made_.insert(input.name());
    for (const auto& [name, tensor] : constants_) made_.insert(name);
    for (const auto& node : proto_.node()) made_.insert(node.output().begin(), node.output().end());
  }

  QdqSummary write() {
    for (int i = 0; i < proto_.node_size(); ++i) {
      forEachRead(*proto_.mutable_node(i),
                  [&](const std::string& name) { readers_[name].push_back(i); });
    }
    for (int i = 0; i < proto_.node_size(); ++i) {
      if (!gone_.contains(i)) rewrite(*proto_.mutable_node(i));
    }
    quantizeActivations();
    store();
    return std::move(summary_);
  }

 private:
  std::string fresh(const std::string& name) {
    std::string candidate = name;
    for (int i = 2; !made_.insert(candidate).second; ++i) candidate = name + std::to_string(i);
    return candidate;
  }

  std::string addInitializer(const std::string& name, const Tensor& tensor, const Shape& shape) {
    std::string own = fresh(name);
    added_.push_back(tensorProto(own, tensor, shape));
    return own;
  }

  /// Adds constant codes with their scales and a DequantizeLinear of them; its output.
  std::string addCodes(const std::string& name, const Tensor& codes,
                       const std::vector<float>& scales, std::int64_t axis) {
    const bool each = scales.size() > 1;
    const Shape shape = each ? Shape{static_cast<std::int64_t>(scales.size())} : Shape{};
    const std::string q = addInitializer(name + "_quantized", codes, codes.shape());
    const std::string scale = addInitializer(name + "_scale", floats(scales), shape);
    onnx::NodeProto node = nodeProto("DequantizeLinear", {q, scale}, fresh(name + "_dequantized"));
    if (each) setAxis(node, axis);
    nodes_.push_back(std::move(node));
    return nodes_.back().output(0);
  }

  void rewrite(onnx::NodeProto& node) {
    const std::string& op = node.op_type();
    const bool product = op == "Conv" || op == "Gemm" || op == "MatMul";
    if (op == "LSTM" || op == "GRU" || op == "RNN") {
      quantizeRecurrent(node);
    } else if (!product || !quantizeProduct(node)) {
      const bool weighted = product || op == "ConvTranspose";
      const bool constant = node.input_size() > 1 && constants_.contains(node.input(1));
      if (weighted && constant) summary_.left.push_back(nameOf(node));
      nodes_.push_back(node);
    }
  }

  static std::string nameOf(const onnx::NodeProto& node) {
    return node.name().empty() ? node.output(0) : node.name();
  }

  /// The node's product with int8 weights in the graph; null without.
  const Node* productOf(const onnx::NodeProto& node) const {
    const auto found = products_.find(nameOf(node));
    if (found == products_.end() || found->second->opName != node.op_type()) return nullptr;
    const Node& product = *found->second;
    const bool multiplies = std::holds_alternative<Convolution>(product.operation) ||
                            std::holds_alternative<MatMul>(product.operation);
    if (!multiplies) return nullptr;
    const Value& x = graph_.value(product.inputs[0]);
    const Value& w = graph_.value(product.inputs[1]);
    const bool dense = w.constant && w.constant->dense && w.quantization && x.quantization;
    return dense ? &product : nullptr;
  }

  bool quantizeProduct(onnx::NodeProto node) {
    const Node* product = productOf(node);
    if (product == nullptr) return false;
    const Value& w = graph_.value(product->inputs[1]);
    const std::string name = node.input(1);
    const bool folded = w.name.starts_with(product->name + ".folded_weights");
    if (folded && !absorbConstants(node, w)) return false;
    node.set_input(
        1, addCodes(name, *w.constant->dense, w.quantization->scales, w.quantization->axis));
    for (const char* factor : {"alpha", "beta"}) {
      if (node.op_type() == "Gemm") dropAttribute(node, factor);
    }
    addBias(node, *product);
    ++summary_.products;
    return true;
  }

  void addBias(onnx::NodeProto& node, const Node& product) {
    const bool biased = product.inputs.size() > 2 && graph_.isConstant(product.inputs[2]);
    const bool addable = node.op_type() != "MatMul";
    if (!biased) return nodes_.push_back(node);
    const Value& x = graph_.value(product.inputs[0]);
    const Value& w = graph_.value(product.inputs[1]);
    std::vector<float> scales = w.quantization->scales;
    for (float& scale : scales) scale *= x.quantization->scales.front();
    const Value& bias = graph_.value(product.inputs[2]);
    const Tensor codes = bias.constant->materialize(bias.type, bias.shape);
    const std::string dequantized = addCodes(nameOf(node) + "_bias", codes, scales, 0);
    if (addable) {
      while (node.input_size() < 3) node.add_input("");
      node.set_input(2, dequantized);
      return nodes_.push_back(node);
    }
    const std::string sum = node.output(0);
    node.set_output(0, fresh(sum + "_product"));
    nodes_.push_back(node);
    nodes_.push_back(nodeProto("Add", {node.output(0), dequantized}, sum));
  }

  /// Takes the nodes out that the passes folded into the product's weights and bias, which then
  /// writes what they wrote; false where there is none.
  bool absorbConstants(onnx::NodeProto& node, const Value& w) {
    const auto channels =
        static_cast<std::int64_t>(w.shape.at(static_cast<std::size_t>(w.quantization->axis)));
    bool any = false;
    for (int next = onlyReader(node.output(0)); next >= 0; next = onlyReader(node.output(0))) {
      const onnx::NodeProto& reader = proto_.node(next);
      if (!isConstantStep(reader, node.output(0), channels)) break;
      gone_.insert(next);
      node.set_output(0, reader.output(0));
      any = true;
    }
    return any;
  }

  int onlyReader(const std::string& name) const {
    const auto found = readers_.find(name);
    const bool one = found != readers_.end() && found->second.size() == 1;
    return one && !outputs_.contains(name) ? found->second.front() : -1;
  }

  /// Is the node a BatchNormalization, or arithmetic with one number or one for each channel?
  bool isConstantStep(const onnx::NodeProto& node, const std::string& x,
                      std::int64_t channels) const {
    const std::string& op = node.op_type();
    if (op == "BatchNormalization") {
      return node.output_size() == 1 && node.input(0) == x && constants_.contains(node.input(1));
    }
    const bool commutes = op == "Add" || op == "Mul";
    if (!commutes && op != "Sub" && op != "Div") return false;
    const int other = node.input(0) == x ? 1 : 0;
    if (other == 0 && !commutes) return false;
    const auto constant = constants_.find(node.input(other));
    if (constant == constants_.end()) return false;
    std::int64_t count = 1;
    for (const std::int64_t extent : constant->second->dims()) count *= extent;
    return count == 1 || count == channels;
  }

  /// Weights of a recurrent node: symmetric, a scale for each row, over both directions.
  void quantizeRecurrent(onnx::NodeProto node) {
    int done = 0;
    for (const int input : {1, 2}) {
      const auto constant = constants_.find(node.input(input));
      if (constant == constants_.end()) continue;
      onnx::TensorProto copy = *constant->second;
      const Tensor reals = takeTensor(copy, {});
      if (reals.type() != DataType::Float32 || reals.shape().size() != 3) continue;
      const auto [codes, scales] = quantizeRows(reals);
      node.set_input(input, addCodes(node.input(input), codes, scales, 1));
      ++done;
    }
    summary_.products += done == 2 ? 1 : 0;
    if (done < 2) summary_.left.push_back(nameOf(node));
    nodes_.push_back(std::move(node));
  }

  static std::pair<Tensor, std::vector<float>> quantizeRows(const Tensor& reals) {
    constexpr float kLargest = 127;
    const auto rows = static_cast<std::size_t>(reals.shape()[1]);
    const auto run = static_cast<std::size_t>(reals.shape()[2]);
    const auto from = reals.as<float>();
    std::vector<float> scales(rows, 0);
    for (std::size_t i = 0; i < from.size(); ++i) {
      float& largest = scales[i / run % rows];
      largest = std::max(largest, std::abs(from[i]));
    }
    for (float& scale : scales) scale = scale > 0 ? scale / kLargest : 1.0F;
    Tensor codes(DataType::Int8, reals.shape());
    const auto to = codes.as<std::int8_t>();
    for (std::size_t i = 0; i < from.size(); ++i) {
      const float code = std::nearbyint(from[i] / scales[i / run % rows]);
      to[i] = static_cast<std::int8_t>(std::clamp(code, -kLargest, kLargest));
    }
    return {std::move(codes), std::move(scales)};
  }

  /// A pair from `real` to `restored`.
  std::array<onnx::NodeProto, 2> pair(const std::string& name, const std::string& real,
                                      const std::string& restored) {
    const Quantization& q = *codes_.at(name);
    Tensor zero(DataType::Int8, {});
    zero.set(0, q.zeroPoint);
    const std::string scale = addInitializer(name + "_scale", floats(q.scales), {});
    const std::string zeroPoint = addInitializer(name + "_zero_point", zero, {});
    const std::string codes = fresh(name + "_quantized");
    ++summary_.activations;
    return {nodeProto("QuantizeLinear", {real, scale, zeroPoint}, codes),
            nodeProto("DequantizeLinear", {codes, scale, zeroPoint}, restored)};
  }

  void quantizeActivations() {
    std::vector<onnx::NodeProto> all;
    std::map<std::string, std::string> inputs;
    for (const auto& input : proto_.input()) {
      if (!codes_.contains(input.name())) continue;
      const std::string restored = fresh(input.name() + "_dequantized");
      inputs[input.name()] = restored;
      for (auto& node : pair(input.name(), input.name(), restored)) all.push_back(node);
    }
    const auto rename = [&](std::string& name) {
      if (const auto found = inputs.find(name); found != inputs.end()) name = found->second;
    };
    for (onnx::NodeProto& node : nodes_) forEachRead(node, rename);
    for (onnx::NodeProto& node : nodes_) {
      const std::size_t at = all.size();
      all.push_back(node);
      for (int i = 0; i < node.output_size(); ++i) {
        const std::string name = node.output(i);
        if (name.empty() || !codes_.contains(name)) continue;
        const std::string real = fresh(name + "_real");
        all[at].set_output(i, real);
        for (auto& each : pair(name, real, name)) all.push_back(each);
      }
    }
    nodes_ = std::move(all);
  }

  /// Drops nodes that nothing reads any more; what is read then, outputs included.
  std::set<std::string> dropIdle() {
    std::set<std::string> read = outputs_;
    std::vector<onnx::NodeProto> kept;
    for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
      const auto& outputs = node->output();
      if (std::ranges::none_of(outputs, [&](const auto& name) { return read.contains(name); })) {
        continue;
      }
      forEachRead(*node, [&](const std::string& name) { read.insert(name); });
      kept.push_back(std::move(*node));
    }
    nodes_.assign(kept.rbegin(), kept.rend());
    return read;
  }

  /// Puts the new nodes in, and drops constants that nothing reads any more.
  void store() {
    const std::set<std::string> read = dropIdle();
    std::set<std::string> dropped;
    auto& initializers = *proto_.mutable_initializer();
    for (int i = initializers.size(); i-- > 0;) {
      if (read.contains(initializers[i].name())) continue;
      dropped.insert(initializers[i].name());
      initializers.DeleteSubrange(i, 1);
    }
    auto& inputs = *proto_.mutable_input();
    for (int i = inputs.size(); i-- > 0;) {
      if (dropped.contains(inputs[i].name())) inputs.DeleteSubrange(i, 1);
    }
    for (auto& tensor : added_) *proto_.add_initializer() = std::move(tensor);
    proto_.clear_node();
    for (auto& node : nodes_) *proto_.add_node() = std::move(node);
    proto_.clear_value_info();
    model_.set_ir_version(std::max<std::int64_t>(model_.ir_version(), kIrVersion));
    model_.set_producer_name("npusim");
  }

  onnx::ModelProto& model_;
  onnx::GraphProto& proto_;
  const Graph& graph_;
  std::map<std::string, const Quantization*> codes_;  ///< by name of the tensor
  std::map<std::string, const Node*> products_;
  std::map<std::string, const onnx::TensorProto*> constants_;
  std::map<std::string, std::vector<int>> readers_;  ///< indices of nodes
  std::set<std::string> outputs_, made_;
  std::set<int> gone_;
  std::vector<onnx::NodeProto> nodes_;
  std::vector<onnx::TensorProto> added_;
  QdqSummary summary_;
};

onnx::ModelProto readProto(const std::string& file) {
  onnx::ModelProto model;
  std::ifstream stream(file, std::ios::binary);
  if (!stream || !model.ParseFromIstream(&stream)) {
    throw BadInput(file + ": cannot be read, expected an ONNX model");
  }
  for (const auto& set : model.opset_import()) {
    const bool own = set.domain().empty() || set.domain() == "ai.onnx";
    if (!own || set.version() >= kFirstOpset) continue;
    throw NotPossible(file + ": is of opset " + std::to_string(set.version()) +
                      "; a scale for each channel needs opset 13 (convert the model with "
                      "onnx.version_converter)");
  }
  for (const auto& tensor : model.graph().initializer()) {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL) continue;
    throw NotPossible(file + ": not supported: a quantised copy of a model with external data");
  }
  return model;
}

}  // namespace

QdqSummary exportQdq(const std::string& from, const Graph& quantized, const std::string& to) {
  onnx::ModelProto model = readProto(from);
  QdqSummary summary = QdqWriter(model, quantized).write();
  writeFileAtomically(to, model.SerializeAsString());
  return summary;
}

}  // namespace npusim
