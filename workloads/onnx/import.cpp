#include "workloads/onnx/import.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "workloads/onnx/converters.h"
#include "workloads/onnx/explain.h"
#include "workloads/onnx/input_shapes.h"

namespace npusim {
namespace {

using namespace onnx_import;

std::string listed(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

void requireOpset(int opset) {
  if (opset >= kOldestOpset && opset <= kNewestOpset) return;
  throw NotPossible("opset " + std::to_string(opset) + " is not supported, only " +
                    std::to_string(kOldestOpset) + " to " + std::to_string(kNewestOpset) +
                    " (convert the model with onnx.version_converter)");
}

const Converter& converterFor(const OnnxNode& node, int opset) {
  const bool isDefaultDomain = node.domain.empty() || node.domain == "ai.onnx";
  const Converter* converter = isDefaultDomain ? findConverter(node.op) : nullptr;
  if (converter) return *converter;
  const std::string version =
      isDefaultDomain ? "opset " + std::to_string(opset) : "domain '" + node.domain + "'";
  throw NotPossible("operator " + node.op + " (" + version + ") is not supported; supported are " +
                    listed(operatorNames()));
}

/// The node's own name, or that of its first output.
std::string nodeName(const OnnxNode& node) {
  if (!node.name.empty()) return node.name;
  for (const std::string& output : node.outputs) {
    if (!output.empty()) return output;
  }
  return {};
}

/// Names of nodes are optional in ONNX and need not differ: repeated ones are numbered.
std::string distinctName(const OnnxNode& node, std::set<std::string>& used) {
  const std::string name = nodeName(node);
  std::string distinct = name;
  for (int i = 2; !used.insert(distinct).second; ++i) distinct = name + "." + std::to_string(i);
  return distinct;
}

/// Converts the nodes of a model and of the bodies in it.
class NodeConverter {
 public:
  NodeConverter(int opset, GraphBuilder& builder) : opset_(opset), builder_(builder) {}

  void convert(const OnnxGraph& graph) {
    for (const OnnxNode& node : graph.nodes) {
      const std::string name = distinctName(node, used_);
      explained("node '" + name + "' (" + node.op + ")", [&] { convert(node, name); });
    }
  }

 private:
  void convert(const OnnxNode& node, const std::string& name) {
    const Converter& converter = converterFor(node, opset_);
    if (nodeName(node).empty()) throw BadInput("has no outputs");
    NodeContext context(node, opset_, name, builder_,
                        [this](OnnxGraph& body) { return convertBody(body); });
    converter.convert(context);
    context.finishAttributes(converter.ignoredAttributes);
    context.finish();
  }

  std::vector<ValueId> convertBody(OnnxGraph& body) {
    builder_.openScope(body);
    convert(body);
    std::vector<ValueId> outputs;
    for (const std::string& name : body.outputs) outputs.push_back(builder_.lookup(name));
    builder_.closeScope();
    return outputs;
  }

  int opset_;
  GraphBuilder& builder_;
  std::set<std::string> used_;
};

void addOutputs(const OnnxModel& model, GraphBuilder& builder) {
  if (model.outputs.empty()) throw BadInput("the graph has no outputs");
  std::set<std::string> names;
  for (const std::string& name : model.outputs) {
    if (!names.insert(name).second) throw BadInput("output '" + name + "' is given twice");
    try {
      builder.addOutput(name);
    } catch (const BadInput&) {
      throw BadInput("no node writes the graph's output '" + name + "'");
    }
  }
}

/// Lets inputs with a fixed value become initialisers.
void fixInputs(const std::map<std::string, Tensor>& fixed, OnnxModel& model) {
  for (const auto& [name, tensor] : fixed) {
    const auto input =
        std::find_if(model.inputs.begin(), model.inputs.end(),
                     [&name = name](const OnnxInput& each) { return each.name == name; });
    if (input == model.inputs.end()) throw BadInput("there is no input '" + name + "' to fix");
    if (input->type != tensor.type()) {
      throw BadInput("input '" + name + "' is " + std::string(npusim::name(input->type)) +
                     ", its fixed value " + std::string(npusim::name(tensor.type())));
    }
    model.initializers.emplace(name, tensor);
    model.inputs.erase(input);
  }
}

Graph convertModel(OnnxModel model, const OnnxOptions& options) {
  requireOpset(model.opset);
  fixInputs(options.fixedInputs, model);
  const std::vector<Shape> shapes = bindInputShapes(model, options);
  GraphBuilder builder(model);
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    builder.addInput(model.inputs[i].name, model.inputs[i].type, shapes[i]);
  }
  for (const auto& [name, tensor] : options.offeredInputs) builder.offer(name, tensor);
  for (std::size_t i = 0; i < std::min(options.orderedOffers.size(), model.inputs.size()); ++i) {
    const Tensor& offered = options.orderedOffers[i];
    if (offered.size() > 0) builder.offer(model.inputs[i].name, offered);
  }
  NodeConverter(model.opset, builder).convert(model);
  addOutputs(model, builder);
  Graph graph = std::move(builder.graph());
  graph.name = std::filesystem::path(model.file).stem().string();
  graph.removeDead();
  graph.verify();
  return graph;
}

Graph convertNamed(OnnxModel model, const OnnxOptions& options) {
  return explained(std::string(model.file),
                   [&] { return convertModel(std::move(model), options); });
}

}  // namespace

Graph importOnnx(const std::string& file, const OnnxOptions& options) {
  return convertNamed(readModel(file), options);
}

Graph importOnnxBytes(std::string_view bytes, const std::string& name, const OnnxOptions& options) {
  return convertNamed(readModelBytes(bytes, name), options);
}

std::vector<std::string> onnxInputNames(const std::string& file) {
  std::vector<std::string> names;
  for (const OnnxInput& input : readModel(file).inputs) names.push_back(input.name);
  return names;
}

std::vector<std::string> supportedOperators() {
  const std::vector<std::string_view> names = operatorNames();
  return {names.begin(), names.end()};
}

}  // namespace npusim
