#include "tools/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "sim/core/embedded.h"
#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/core/suggest.h"
#include "workloads/description/description.h"
#include "workloads/onnx/import.h"

namespace npusim::tools {
namespace {

const std::string kZoo = "workloads/zoo/";

bool isOnnx(const std::string& file) { return file.ends_with(".onnx"); }
bool isYaml(const std::string& file) { return file.ends_with(".yaml") || file.ends_with(".yml"); }

std::string stem(const std::string& file) { return std::filesystem::path(file).stem().string(); }

/// May shapes follow from a tensor's values?
bool isSmall(const Tensor& tensor) {
  constexpr std::int64_t kMost = 4096;
  return tensor.size() <= kMost;
}

OnnxOptions onnxOptions(const NetworkOptions& options, const GivenTensors& given) {
  OnnxOptions result;
  result.dims = options.dims;
  result.batch = options.batch;
  for (const auto& [name, tensor] : given.byName) {
    result.inputShapes[name] = tensor.shape();
    if (isSmall(tensor)) result.offeredInputs.emplace(name, tensor);
  }
  result.shapesMustBind = given.onlyShapes;
  for (const Tensor& tensor : given.data.inputs) {
    result.orderedShapes.push_back(tensor.shape());
    result.orderedOffers.push_back(isSmall(tensor) ? tensor : Tensor());
  }
  return result;
}

DescriptionOptions descriptionOptions(const NetworkOptions& options, const GivenTensors& given) {
  const bool inputs = !given.byName.empty() || !given.data.inputs.empty();
  if (inputs && given.onlyShapes) {
    throw BadInput(
        "--input and --data change nothing: the inputs' values are not used here, and a YAML "
        "description leaves no dimension open; leave them out");
  }
  return {options.batch, options.dims};
}

Graph readZoo(const NetworkOptions& options, const GivenTensors& given) {
  const std::string file = zooFile(options.workload);
  const std::string_view bytes = *embeddedFile(file);
  if (isOnnx(file)) return importOnnxBytes(bytes, options.workload, onnxOptions(options, given));
  return parseDescription(bytes, file, descriptionOptions(options, given));
}

Graph readAsAsked(const NetworkOptions& options, const GivenTensors& given) {
  const std::string& workload = options.workload;
  if (isOnnx(workload)) return importOnnx(workload, onnxOptions(options, given));
  if (!isYaml(workload)) return readZoo(options, given);
  return readDescription(workload, descriptionOptions(options, given));
}

/// The first dimension of the first input; 1 where there is none.
std::int64_t batchOf(const Graph& graph) {
  const std::vector<InputSlot> slots = inputSlots(graph);
  return !slots.empty() && slots.front().shape.size() > 1 ? slots.front().shape.front() : 1;
}

/// The batch of a network that is sound as it was exported; empty where it is broken anyway.
std::optional<std::int64_t> exportedBatch(NetworkOptions options, const GivenTensors& given) {
  options.batch.reset();
  try {
    return batchOf(readAsAsked(options, given));
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// A network may hold its batch in constants, as those of a Reshape: then --batch breaks it. Where
/// other options bind dimensions too, the error may be theirs.
Graph readFileOrZoo(const NetworkOptions& options, const GivenTensors& given) {
  const bool alone = options.dims.empty() && given.byName.empty() && given.data.inputs.empty();
  if (!options.batch || !alone) return readAsAsked(options, given);
  try {
    return readAsAsked(options, given);
  } catch (const BadInput& error) {
    const std::optional<std::int64_t> exported = exportedBatch(options, given);
    if (!exported) throw;
    throw BadInput(fmt::format(
        "{}; the network was exported for a batch of {} and cannot take --batch {}: leave it out",
        error.what(), *exported, *options.batch));
  }
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

std::string_view asText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
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

std::uint64_t contentHash(const Graph& graph) {
  std::uint64_t hash = hashSized(graph.toText());
  for (const Value& value : graph.values) {
    if (value.quantization)
      hash = hashSized(asText(std::as_bytes(std::span(value.quantization->scales))), hash);
    if (!value.constant || !value.constant->dense) continue;
    hash = hashSized(asText(value.constant->dense->bytes()), hash);
  }
  for (const Node& node : graph.nodes) {
    const auto* remap = std::get_if<Remap>(&node.operation);
    if (remap == nullptr) continue;
    for (const auto& indices : remap->source) {
      hash = hashSized(asText(std::as_bytes(std::span(indices))), hash);
    }
  }
  return hash;
}

Network readNetwork(const NetworkOptions& options, const GivenTensors& given) {
  Network network;
  network.name = stem(options.workload);
  network.graph = readFileOrZoo(options, given);
  network.precision = ownPrecision(network.graph);
  network.hash = contentHash(network.graph);
  network.batch = batchOf(network.graph);
  return network;
}

void dropSettled(const Graph& graph, GivenTensors& given) {
  std::vector<Tensor> runTime;
  for (std::size_t i = 0; i < given.data.inputs.size(); ++i) {
    const bool settled =
        std::any_of(graph.settledInputs.begin(), graph.settledInputs.end(),
                    [i](const Graph::SettledInput& input) { return input.position == i; });
    if (!settled) runTime.push_back(std::move(given.data.inputs[i]));
  }
  given.data.inputs = std::move(runTime);
  for (const Graph::SettledInput& input : graph.settledInputs) given.byName.erase(input.name);
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
