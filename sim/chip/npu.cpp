#include "sim/chip/npu.h"

#include <algorithm>
#include <array>

#include "sim/chip/array_factory.h"
#include "sim/chip/dma_engine.h"
#include "sim/chip/host_link.h"
#include "sim/chip/kernel.h"
#include "sim/chip/machine.h"
#include "sim/chip/matrix_engine.h"
#include "sim/chip/prediction.h"
#include "sim/chip/vector_engine.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

using Engines = std::vector<std::unique_ptr<Engine>>;

/// One engine a queue, in the order of isa::Engine.
Engines makeEngines(Machine& machine, Fidelity fidelity) {
  Engines engines;
  engines.push_back(std::make_unique<DmaEngine>(isa::Engine::LoadWeights, machine));
  engines.push_back(std::make_unique<DmaEngine>(isa::Engine::LoadInputs, machine));
  engines.push_back(std::make_unique<MatrixEngine>(machine, makeArray(machine.chip, fidelity)));
  engines.push_back(std::make_unique<VectorEngine>(machine));
  engines.push_back(std::make_unique<DmaEngine>(isa::Engine::Store, machine));
  return engines;
}

const isa::PortTensor& findPort(const std::vector<isa::PortTensor>& ports, const std::string& name,
                                const std::string& kind) {
  const auto port = std::ranges::find(ports, name, &isa::PortTensor::name);
  if (port != ports.end()) return *port;
  std::string known;
  for (const isa::PortTensor& other : ports) known += (known.empty() ? "" : ", ") + other.name;
  throw BadInput("the network has no " + kind + " '" + name + "'; it has " + known);
}

}  // namespace

struct Npu::Impl {
  Impl(const ChipConfig& chip, const isa::Program& program, bool values, Fidelity fidelity)
      : machine(chip, program, values),
        engines(makeEngines(machine, fidelity)),
        kernel(machine.clock, engines),
        host(machine) {
    machine.semaphores.onArrival([this](isa::Engine engine) { kernel.wake(engine); });
  }

  MatrixEngine& matrix() {
    return static_cast<MatrixEngine&>(*engines[static_cast<std::size_t>(isa::Engine::Matrix)]);
  }

  void checkFinished(std::int64_t cycle) const {
    std::string waits;
    for (const auto& engine : engines) {
      if (!engine->finished()) waits += (waits.empty() ? "" : "; ") + engine->describeWait();
    }
    if (waits.empty()) return;
    throw CheckFailed("deadlock at cycle " + std::to_string(cycle) + ": " + waits);
  }

  /// Refreshes after the last transfer belong to the last layer.
  void settleMemories(std::int64_t cycle) {
    if (machine.chip.idealMemory || machine.layers.empty()) return;
    MemoryEvents events;
    for (const auto& memory : machine.memories) {
      if (!memory) continue;
      memory->idleUntil(memory->clock().crossFrom(machine.clock, cycle), events);
    }
    machine.layers.back().counters.refreshes += events.refreshes;
  }

  Machine machine;
  Engines engines;
  Kernel kernel;
  HostLink host;
  std::int64_t firstCallCycles = -1;
};

Npu::Npu(const ChipConfig& chip, const isa::Program& program, bool values, Fidelity fidelity)
    : impl_(std::make_unique<Impl>(chip, program, values, fidelity)) {}

Npu::~Npu() = default;

LoadResult Npu::load() {
  const LoadResult result = impl_->host.load();
  impl_->kernel.pass(result.cycles);
  return result;
}

void Npu::setInput(const std::string& name, const Tensor& tensor) {
  impl_->host.write(findPort(impl_->machine.program.inputs, name, "input"), tensor);
}

Tensor Npu::output(const std::string& name) const {
  return impl_->host.read(findPort(impl_->machine.program.outputs, name, "output"));
}

IoResult Npu::io() const { return impl_->host.io(); }

Npu::Prediction Npu::predict() {
  Machine& machine = impl_->machine;
  machine.beginPrediction();
  for (const auto& engine : impl_->engines) engine->restart();
  const std::int64_t cycles = impl_->kernel.run();
  impl_->checkFinished(cycles);
  machine.timeline.finish(cycles);
  impl_->settleMemories(cycles);
  Prediction prediction = summarize(machine, cycles, impl_->matrix().fillCycles());
  if (impl_->firstCallCycles < 0) impl_->firstCallCycles = cycles;
  prediction.total.firstCallCycles = impl_->firstCallCycles;
  return prediction;
}

}  // namespace npusim
