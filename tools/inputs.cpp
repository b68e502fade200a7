#include "tools/inputs.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/core/suggest.h"
#include "workloads/evaluate/evaluate.h"
#include "workloads/evaluate/npy.h"

namespace npusim::tools {
namespace {

Tensor makeInput(const InputSlot& slot, std::uint64_t seed) {
  if (!isFloat(slot.type)) return {slot.type, slot.shape};
  Tensor tensor(DataType::Float32, slot.shape);
  const std::uint64_t start = splitMix(hashSized(slot.name) ^ splitMix(seed));
  std::uint64_t i = 0;
  for (float& element : tensor.as<float>()) {
    const float value = static_cast<float>(splitMix(start + i) >> 40) * 0x1p-23F - 1.0F;
    element = isZero(start, i++, slot.zeroShare) ? 0 : value;
  }
  return slot.type == DataType::Float32 ? tensor : convert(tensor, slot.type);
}

Tensor readTensor(const std::string& file) {
  if (file.ends_with(".npy")) return readNpy(file);
  if (file.ends_with(".pb")) return readTensorProto(file);
  throw BadInput(fmt::format("'{}': an input is a .npy or a .pb file", file));
}

/// Floats may come in any float type and integers in any integer type; the shape must be right.
Tensor fitted(const Tensor& tensor, const InputSlot& slot) {
  const bool sameKind = isFloat(tensor.type()) == isFloat(slot.type);
  if (tensor.shape() != slot.shape || !sameKind) {
    throw BadInput(fmt::format("input '{}': is given as {} {}, the network takes {} {}", slot.name,
                               name(tensor.type()), toString(tensor.shape()), name(slot.type),
                               toString(slot.shape)));
  }
  return tensor.type() == slot.type ? tensor : convert(tensor, slot.type);
}

void expectKnownNames(const std::vector<InputSlot>& slots, const GivenTensors& given) {
  std::vector<std::string> names;
  for (const InputSlot& slot : slots) names.push_back(slot.name);
  for (const auto& [name, tensor] : given.byName) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    throw BadInput(fmt::format("--input {}: the network has no such input{}; it has {}", name,
                               didYouMean(name, names), joinedChoices(names)));
  }
  if (given.data.inputs.size() > slots.size()) {
    throw BadInput(fmt::format("--data: has {} inputs, the network takes {}",
                               given.data.inputs.size(), slots.size()));
  }
}

Quantization quantizationOf(const isa::PortTensor& port) {
  return {{port.scaling.scale}, port.scaling.zeroPoint, 0};
}

}  // namespace

GivenTensors readGiven(const DataOptions& options) {
  GivenTensors given;
  for (const auto& [name, file] : options.inputFiles) {
    if (!given.byName.emplace(name, readTensor(file)).second) {
      throw BadInput(fmt::format("--input {}: is given twice", name));
    }
  }
  if (!options.folder.empty()) given.data = readDataSet(options.folder);
  return given;
}

std::vector<InputSlot> inputSlots(const Graph& graph) {
  std::vector<InputSlot> slots;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    slots.push_back({value.name, value.type, value.shape, value.zeroShare});
  }
  return slots;
}

std::vector<InputSlot> inputSlots(const isa::Program& program) {
  std::vector<InputSlot> slots;
  for (const isa::PortTensor& port : program.inputs) {
    const bool real = port.quantized || isFloat(port.type);
    slots.push_back({port.name, real ? DataType::Float32 : port.type, port.shape, 0});
  }
  return slots;
}

Inputs completeInputs(const std::vector<InputSlot>& slots, const GivenTensors& given,
                      std::uint64_t seed) {
  expectKnownNames(slots, given);
  Inputs inputs;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const InputSlot& slot = slots[i];
    const auto named = given.byName.find(slot.name);
    if (named != given.byName.end()) {
      inputs[slot.name] = fitted(named->second, slot);
    } else if (i < given.data.inputs.size()) {
      inputs[slot.name] = fitted(given.data.inputs[i], slot);
    } else {
      inputs[slot.name] = makeInput(slot, seed);
    }
  }
  return inputs;
}

Tensor toPort(const Tensor& tensor, const isa::PortTensor& port) {
  if (port.quantized) return quantize(tensor, port.type, quantizationOf(port));
  return tensor.type() == port.type ? tensor : convert(tensor, port.type);
}

Tensor fromPort(const Tensor& stored, const isa::PortTensor& port) {
  if (port.quantized) return dequantize(stored, quantizationOf(port));
  return isFloat(stored.type()) ? convert(stored, DataType::Float32) : stored;
}

}  // namespace npusim::tools
