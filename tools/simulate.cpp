#include "tools/simulate.h"

#include <fmt/format.h>

#include "sim/chip/npu.h"
#include "tools/stopwatch.h"

namespace npusim::tools {
namespace {

std::vector<Tensor> writeInputs(Npu& npu, const isa::Program& program, const Inputs& inputs) {
  std::vector<Tensor> stored;
  for (const isa::PortTensor& port : program.inputs) {
    stored.push_back(toPort(inputs.at(port.name), port));
    npu.setInput(port.name, stored.back());
  }
  return stored;
}

ComputedOutputs readOutputs(const Npu& npu, const isa::Program& program) {
  ComputedOutputs outputs;
  for (const isa::PortTensor& port : program.outputs) {
    outputs.stored.push_back(npu.output(port.name));
    outputs.reals.push_back(fromPort(outputs.stored.back(), port));
  }
  return outputs;
}

}  // namespace

Simulation simulate(const ChipConfig& chip, const isa::Program& program, const Inputs& inputs,
                    bool values, std::int64_t repeat, const Progress& progress, Fidelity fidelity,
                    const PassLimit& passes, const ObservedMemory& observed) {
  const Stopwatch watch;
  Simulation simulation;
  progress.show("loading");
  const bool every = values || observed.observer;
  Npu npu(chip, program, values, fidelity, every ? PassLimit{} : passes);
  if (observed.observer) npu.observeMemory(observed.memory, observed.observer);
  simulation.load = npu.load();
  if (values) simulation.storedInputs = writeInputs(npu, program, inputs);
  for (std::int64_t call = 1; call <= repeat; ++call) {
    progress.show(repeat == 1 ? "simulating" : fmt::format("simulating {} of {}", call, repeat));
    Npu::Prediction prediction = npu.predict();
    simulation.predict = prediction.total;
    simulation.layers = std::move(prediction.layers);
  }
  simulation.io = npu.io();
  if (values) simulation.outputs = readOutputs(npu, program);
  simulation.seconds = watch.seconds();
  return simulation;
}

}  // namespace npusim::tools
