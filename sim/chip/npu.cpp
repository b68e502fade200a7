#include "sim/chip/npu.h"

#include <algorithm>

#include "sim/chip/dma_engine.h"
#include "sim/chip/fabric.h"
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

/// One engine a queue, in the order of isa::Engine, core after core.
Engines makeEngines(Fabric& fabric) {
  Engines engines;
  for (const auto& machine : fabric.cores) {
    engines.push_back(std::make_unique<DmaEngine>(isa::Engine::LoadWeights, *machine));
    engines.push_back(std::make_unique<DmaEngine>(isa::Engine::LoadInputs, *machine));
    engines.push_back(std::make_unique<MatrixEngine>(*machine));
    engines.push_back(std::make_unique<VectorEngine>(*machine));
    engines.push_back(std::make_unique<DmaEngine>(isa::Engine::Store, *machine));
  }
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
  Impl(const ChipConfig& chip, const isa::Program& program, bool values, Fidelity fidelity,
       const PassLimit& passLimit)
      : fabric(chip, program, values, fidelity, passLimit),
        engines(makeEngines(fabric)),
        kernel(fabric.clock, engines),
        host(fabric.core(0)) {
    for (const auto& machine : fabric.cores) {
      machine->semaphores.onArrival(
          [this, core = machine->core](isa::Engine engine) { kernel.wake(core, engine); });
    }
    fabric.wake = [this](std::int64_t core, isa::Engine engine) { kernel.wake(core, engine); };
    fabric.collectives.onRelease([this](const Collectives::Release& release) {
      if (release.core != release.lastCore) {
        fabric.core(release.core)
            .timeline.follow(release.semaphore, release.lastCore, kernel.now());
      }
      kernel.wake(release.core, release.engine, release.cycles);
    });
    fabric.steadyPasses.setEngines({[this](const EqualPasses& loop) { return passesBegun(loop); },
                                    [this](const EqualPasses& loop, std::int64_t passes) {
                                      for (Engine* engine : enginesOf(loop))
                                        engine->endAfter(loop, passes);
                                    }});
  }

  /// Those that run a loop, of all cores.
  std::vector<Engine*> enginesOf(const EqualPasses& loop) const {
    std::vector<Engine*> found;
    for (const auto& engine : engines) {
      if (!loop.cores.contains(engine->core())) continue;
      if (std::ranges::count(loop.parts, engine->id(), &EqualPasses::Part::engine) == 0) continue;
      found.push_back(engine.get());
    }
    return found;
  }

  std::int64_t passesBegun(const EqualPasses& loop) const {
    std::int64_t most = 0;
    for (const Engine* engine : enginesOf(loop)) {
      most = std::max(most, engine->passesBegun(loop));
    }
    return most;
  }

  void checkFinished(std::int64_t cycle) const {
    constexpr std::size_t kMostNamed = 12;
    std::size_t stuck = 0;
    std::string waits;
    for (const auto& engine : engines) {
      if (engine->finished() || ++stuck > kMostNamed) continue;
      waits += (waits.empty() ? "" : "; ") + engine->describeWait();
    }
    if (stuck == 0) return;
    if (stuck > kMostNamed) waits += "; and " + std::to_string(stuck - kMostNamed) + " more";
    throw CheckFailed("deadlock at cycle " + std::to_string(cycle) + ": " + waits);
  }

  void finishTimelines(std::int64_t cycle) {
    for (const auto& machine : fabric.cores) {
      const bool last = machine->core == fabric.lastCore;
      machine->timeline.finish(cycle, last ? -1 : fabric.lastCore);
    }
  }

  /// What memories do after the last transfer belongs to the last layer.
  void settleMemories(std::int64_t cycle) {
    if (fabric.chip.idealMemory || fabric.layers.empty()) return;
    Counters& counters = fabric.layers.back().counters;
    for (std::size_t i = 0; i < fabric.chip.memories.size(); ++i) {
      MemoryModel& memory = *fabric.memories[fabric.chip.buffers.size() + i];
      MemoryEvents events;
      memory.idleUntil(memory.clock().crossFrom(fabric.clock, cycle), events);
      fabric.book(i, events, counters);
    }
  }

  Fabric fabric;
  Engines engines;
  Kernel kernel;
  HostLink host;
  std::int64_t firstCallCycles = -1;
};

Npu::Npu(const ChipConfig& chip, const isa::Program& program, bool values, Fidelity fidelity,
         const PassLimit& passLimit)
    : impl_(std::make_unique<Impl>(chip, program, values, fidelity, passLimit)) {}

Npu::~Npu() = default;

void Npu::observeMemory(std::size_t memory, TracingMemory::Observer observer) {
  auto& model = impl_->fabric.memories.at(impl_->fabric.chip.buffers.size() + memory);
  model = std::make_unique<TracingMemory>(std::move(model), std::move(observer));
}

LoadResult Npu::load() {
  const LoadResult result = impl_->host.load();
  impl_->kernel.pass(result.cycles);
  return result;
}

void Npu::setInput(const std::string& name, const Tensor& tensor) {
  impl_->host.write(findPort(impl_->fabric.program.inputs, name, "input"), tensor);
}

Tensor Npu::output(const std::string& name) const {
  return impl_->host.read(findPort(impl_->fabric.program.outputs, name, "output"));
}

IoResult Npu::io() const { return impl_->host.io(); }

Npu::Prediction Npu::predict() {
  impl_->fabric.beginPrediction();
  for (const auto& engine : impl_->engines) engine->restart();
  const std::int64_t cycles = impl_->kernel.run();
  impl_->checkFinished(cycles);
  impl_->finishTimelines(cycles);
  impl_->settleMemories(cycles);
  Prediction prediction = summarize(impl_->fabric, cycles);
  if (impl_->firstCallCycles < 0) impl_->firstCallCycles = prediction.total.cycles;
  prediction.total.firstCallCycles = impl_->firstCallCycles;
  return prediction;
}

}  // namespace npusim
