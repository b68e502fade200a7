#include <map>
#include <optional>
#include <string>

#include "kernels/emit/emit_task.h"
#include "kernels/emit/placement.h"
#include "kernels/emit/stage_loop.h"

namespace npusim::emit {
namespace {

/// A semaphore for each dependency, sorted into waits and signals by task and engine.
struct CrossTask {
  std::map<int, EngineSemaphores> waits, signals;
};

CrossTask declare(isa::Program& program, const plan::Plan& plan,
                  const std::vector<Dependency>& dependencies) {
  CrossTask result;
  for (const Dependency& d : dependencies) {
    const auto& layers = program.layers;
    isa::Semaphore& made = program.semaphores.emplace_back();
    made.name = layers.at(static_cast<std::size_t>(d.fromTask)).name + "." +
                std::string(name(d.from)) + "->" +
                layers.at(static_cast<std::size_t>(d.toTask)).name + "." + std::string(name(d.to));
    if (plan.cores > 1) made.signallers = plan.tasks[static_cast<std::size_t>(d.fromTask)].cores;
    const auto id = static_cast<isa::SemaphoreId>(program.semaphores.size() - 1);
    result.waits[d.toTask][static_cast<std::size_t>(d.to)].push_back(id);
    result.signals[d.fromTask][static_cast<std::size_t>(d.from)].push_back(id);
  }
  return result;
}

isa::PortTensor port(const plan::Plan& plan, const plan::Port& p) {
  const plan::Block& block = plan.block(p.view.block);
  return {p.name,      block.storage, block.address + p.view.offset,
          p.view.type, p.view.shape,  p.view.strides,
          p.scaling,   p.quantized};
}

/// A constant in memory, or the parts of it that the cores' buffers hold.
isa::ConstantBlock constant(const plan::Block& block) {
  isa::ConstantBlock result{block.name, block.storage, block.address, block.bytes, block.contents};
  if (block.kept) result.scatter = isa::Scatter{block.keptCores, block.keptDigit, block.keptPart};
  if (!block.distribution) return result;
  const isa::Distribution& spread = *block.distribution;
  result.storage = spread.buffer;
  result.address = spread.address;
  isa::Scatter& scatter = result.scatter.emplace();
  scatter.cores = {spread.first, 1};
  scatter.partBytes = block.bytes;
  if (!spread.levels.empty()) {
    const isa::Deal& deal = spread.levels.front();
    scatter = {{spread.first, static_cast<std::int32_t>(deal.count)}, {1, deal.count}, deal.chunk};
  }
  return result;
}

}  // namespace

isa::Program emitProgram(const plan::Plan& plan, const std::vector<PlacedTask>& tasks) {
  isa::Program program;
  program.network = plan.network;
  program.precision = plan.precision;
  program.layers = plan.layers;
  program.values = plan.values;
  program.cores = plan.cores;
  CrossTask cross = declare(program, plan, dependencies(plan, tasks));
  auto stage = plan.stages.begin();
  std::optional<StageLoop> loop;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const int task = static_cast<int>(t);
    if (stage != plan.stages.end() && stage->first == task) loop.emplace(program, plan, *stage);
    emitTask(program, plan, tasks[t], cross.waits[task], cross.signals[task]);
    if (stage == plan.stages.end() || stage->last != task + 1) continue;
    loop->close();
    ++stage;
  }
  for (const plan::Block& block : plan.blocks) {
    if (block.kind != plan::Block::Kind::Weights || block.firstTask < 0) continue;
    program.constants.push_back(constant(block));
  }
  for (const plan::Port& p : plan.inputs) program.inputs.push_back(port(plan, p));
  for (const plan::Port& p : plan.outputs) program.outputs.push_back(port(plan, p));
  return program;
}

}  // namespace npusim::emit
