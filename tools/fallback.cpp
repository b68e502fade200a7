#include "tools/fallback.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "kernels/lowering/operator_work.h"
#include "kernels/pipeline/split.h"
#include "sim/core/error.h"

namespace npusim::tools {
namespace {

isa::PortTensor portOf(const Value& value) {
  isa::PortTensor port;
  port.name = value.name;
  port.type = value.type;
  port.shape = value.shape;
  port.quantized = value.quantization.has_value();
  if (port.quantized) {
    port.scaling = {value.quantization->scales.front(), value.quantization->zeroPoint};
  }
  return port;
}

std::vector<isa::Layer> layersOf(const Graph& graph) {
  std::vector<isa::Layer> layers;
  for (const Node& node : graph.nodes) {
    isa::Layer layer;
    layer.name = node.name;
    layer.op = node.opName;
    layer.outputShape = graph.value(node.output).shape;
    layer.macs = macCount(graph, node);
    layer.work = hostWork(graph, node);
    layers.push_back(std::move(layer));
  }
  return layers;
}

/// Every part's constants are loaded before the first prediction and stay.
void checkConstantsFit(const std::vector<CompiledPart>& parts) {
  std::map<std::string, std::int64_t> taken;
  for (const CompiledPart& part : parts) {
    for (const isa::ConstantBlock& block : part.program.constants) {
      const isa::Storage& there = part.program.storages.at(static_cast<std::size_t>(block.storage));
      std::int64_t& bytes = taken[there.name];
      bytes += block.scatter ? block.scatter->partBytes : block.size;
      if (bytes <= there.capacityBytes) continue;
      throw NotPossible(fmt::format(
          "the constants of all parts that --fallback leaves to the chip need more than "
          "the {} bytes of '{}'",
          there.capacityBytes, there.name));
    }
  }
}

}  // namespace

ReferenceConfig loadHostCpu(const std::string& fileOrName) {
  ReferenceConfig cpu = loadReference(fileOrName);
  if (cpu.kind == ReferenceConfig::Kind::Cpu) return cpu;
  throw BadInput("--fallback " + fileOrName + ": is no CPU; give cpu, or a reference of that kind");
}

OperatorWork hostWork(const Graph& graph, const Node& node) {
  OperatorWork work = lowering::operatorWork(graph, node);
  const bool view = std::holds_alternative<Reshape>(node.operation) && node.steps.empty();
  if (view) work.inputElements = work.weightElements = work.outputElements = 0;
  return work;
}

void compileParts(Compiled& compiled, const std::vector<Refusal>& lacking, const ChipConfig& chip,
                  const CompileOptions& options) {
  std::set<std::string> offChip;
  for (const Refusal& refusal : lacking) offChip.insert(refusal.layer);
  isa::Program& whole = compiled.program;
  whole.precision = options.precision;
  whole.values = options.values;
  for (GraphPart& part : splitByMachine(compiled.graph, offChip)) {
    CompiledPart made{part.onChip, std::move(part.graph), {}};
    if (made.onChip) {
      made.program = compile(made.graph, chip, options);
      const ChipConfig machine = machineOf(made.program, chip);
      if (machine.memories.size() > compiled.machine.memories.size()) compiled.machine = machine;
    }
    const auto layers = made.onChip ? made.program.layers : layersOf(made.graph);
    whole.layers.insert(whole.layers.end(), layers.begin(), layers.end());
    compiled.parts.push_back(std::move(made));
  }
  checkConstantsFit(compiled.parts);
  const Graph& graph = compiled.graph;
  for (const ValueId id : graph.inputs) whole.inputs.push_back(portOf(graph.value(id)));
  for (const ValueId id : graph.outputs) whole.outputs.push_back(portOf(graph.value(id)));
}

}  // namespace npusim::tools
