#include "tools/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sim/core/embedded.h"
#include "sim/core/error.h"
#include "sim/core/suggest.h"
#include "tools/hash.h"
#include "tools/output.h"
#include "workloads/description/description.h"
#include "workloads/onnx/import.h"

namespace npusim::tools {
namespace {

const std::string kZoo = "workloads/zoo/";

bool isOnnx(const std::string& file) { return file.ends_with(".onnx"); }
bool isYaml(const std::string& file) { return file.ends_with(".yaml") || file.ends_with(".yml"); }

std::string stem(const std::string& file) { return std::filesystem::path(file).stem().string(); }

OnnxOptions onnxOptions(const NetworkOptions& options, const GivenTensors& given) {
  OnnxOptions result;
  result.dims = options.dims;
  result.batch = options.batch;
  for (const auto& [name, tensor] : given.byName) result.inputShapes[name] = tensor.shape();
  for (const Tensor& tensor : given.data.inputs) result.orderedShapes.push_back(tensor.shape());
  return result;
}

void refuseDims(const NetworkOptions& options) {
  if (options.dims.empty()) return;
  throw BadInput(fmt::format("--dim {}: a YAML description names no dimensions; use --batch",
                             options.dims.begin()->first));
}

Graph readZoo(const NetworkOptions& options, const GivenTensors& given) {
  const std::string file = zooFile(options.workload);
  const std::string_view bytes = *embeddedFile(file);
  if (isOnnx(file)) return importOnnxBytes(bytes, options.workload, onnxOptions(options, given));
  refuseDims(options);
  return parseDescription(bytes, file, options.batch);
}

Graph readFileOrZoo(const NetworkOptions& options, const GivenTensors& given) {
  const std::string& workload = options.workload;
  if (isOnnx(workload)) return importOnnx(workload, onnxOptions(options, given));
  if (!isYaml(workload)) return readZoo(options, given);
  refuseDims(options);
  return readDescription(workload, options.batch);
}

/// The format of the weights, or of the first float input of a network without.
DataType ownPrecision(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    const bool product = std::holds_alternative<Convolution>(node.operation) ||
                         std::holds_alternative<MatMul>(node.operation);
    if (product && graph.isConstant(node.inputs[1])) return graph.value(node.inputs[1]).type;
  }
  for (const ValueId id : graph.inputs) {
    if (isFloat(graph.value(id).type)) return graph.value(id).type;
  }
  return DataType::Float32;
}

/// Covers weights in files of their own, which the network's file only names.
std::uint64_t hashConstants(const Graph& graph, std::uint64_t hash) {
  for (const Value& value : graph.values) {
    if (!value.constant || !value.constant->dense) continue;
    const auto bytes = value.constant->dense->bytes();
    hash = hashBytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, hash);
  }
  return hash;
}

}  // namespace

std::vector<std::string> zooNames() {
  std::vector<std::string> names;
  for (const std::string& file : embeddedFiles(kZoo)) {
    if (isOnnx(file) || isYaml(file)) names.push_back(stem(file));
  }
  return names;
}

std::string zooFile(const std::string& name) {
  for (const char* ending : {".onnx", ".yaml"}) {
    std::string file = kZoo + name + ending;
    if (embeddedFile(file)) return file;
  }
  throw BadInput(
      fmt::format("--workload {}: there is no such network{}; give a FILE.onnx, a "
                  "FILE.yaml or one of {}",
                  name, didYouMean(name, zooNames()), joinedChoices(zooNames())));
}

Network readNetwork(const NetworkOptions& options, const GivenTensors& given) {
  Network network;
  network.name = stem(options.workload);
  network.graph = readFileOrZoo(options, given);
  network.precision = ownPrecision(network.graph);
  const bool file = isOnnx(options.workload) || isYaml(options.workload);
  const std::uint64_t source = file ? hashBytes(readFile(options.workload))
                                    : hashBytes(*embeddedFile(zooFile(network.name)));
  network.hash = hashConstants(network.graph, source);
  const std::vector<InputSlot> slots = inputSlots(network.graph);
  if (!slots.empty() && slots.front().shape.size() > 1) network.batch = slots.front().shape.front();
  return network;
}

DataType choosePrecision(const std::optional<DataType>& asked, const Network& network,
                         const ChipConfig& chip) {
  if (asked) return *asked;
  if (network.precision) {
    return chip.supports(*network.precision) ? *network.precision : chip.formats.at(0);
  }
  return *std::max_element(chip.formats.begin(), chip.formats.end(), [&](DataType a, DataType b) {
    return chip.peakMacsPerCycle(a) < chip.peakMacsPerCycle(b);
  });
}

}  // namespace npusim::tools
