#include <map>
#include <string>

#include "kernels/emit/access.h"
#include "kernels/emit/emit_task.h"
#include "kernels/emit/links.h"
#include "kernels/emit/queue_loop.h"

namespace npusim::emit {
namespace {

/// The semaphores that tasks and loops wait for and signal, by place and engine.
struct Meetings {
  std::map<Place, EngineSemaphores> waits, signals;
};

std::string nameOf(const isa::Program& program, const Place& place) {
  if (place.loop) return "loop " + std::to_string(place.index);
  return program.layers.at(static_cast<std::size_t>(place.index)).name;
}

Meetings declare(isa::Program& program, const plan::Plan& plan, const std::vector<Link>& links) {
  Meetings result;
  for (const Link& link : links) {
    isa::Semaphore& made = program.semaphores.emplace_back();
    made.name = nameOf(program, link.from) + "." + std::string(name(link.fromEngine)) + "->" +
                nameOf(program, link.to) + "." + std::string(name(link.toEngine));
    made.initial = link.carried ? 1 : 0;
    if (plan.cores > 1) {
      made.signallers = link.from.loop
                            ? isa::CoreRange{}
                            : plan.tasks[static_cast<std::size_t>(link.from.index)].cores;
    }
    const auto id = static_cast<isa::SemaphoreId>(program.semaphores.size() - 1);
    result.waits[link.to][static_cast<std::size_t>(link.toEngine)].push_back(id);
    result.signals[link.from][static_cast<std::size_t>(link.fromEngine)].push_back(id);
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
  if (block.encoding) {
    const plan::Encoding& encoding = *block.encoding;
    return {block.name, encoding.memory, encoding.address, encoding.code.bytes(), encoding.bytes};
  }
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

isa::Loop loopOf(const plan::Plan& plan, const plan::Repeat& repeat) {
  isa::Loop loop{repeat.passes};
  if (!repeat.condition) return loop;
  isa::Condition& condition = loop.condition.emplace();
  condition.byte.storage = plan.block(repeat.condition->block).storage;
  condition.byte.address = addressOf(plan, *repeat.condition);
  condition.byte.type = repeat.condition->type;
  condition.inverted = !repeat.runsIf;
  return loop;
}

/// Writes tasks in order, loops around those that are in one.
class ProgramEmitter {
 public:
  ProgramEmitter(isa::Program& program, const plan::Plan& plan,
                 const std::vector<PlacedTask>& tasks)
      : program_(program),
        plan_(plan),
        tasks_(tasks),
        meetings_(declare(program, plan, links(plan, tasks))) {}

  /// Tasks [first, last), all in loop `repeat` or in loops inside it.
  void emit(std::size_t first, std::size_t last, int repeat) {
    for (std::size_t t = first; t < last;) {
      const int inner = plan_.loopInside(plan_.tasks[t].repeat, repeat);
      if (inner == repeat) {
        emitTask(t++);
        continue;
      }
      std::size_t end = t;
      while (end < last && plan_.isIn(plan_.tasks[end].repeat, inner)) ++end;
      QueueLoop loop(program_, {});
      emit(t, end, inner);
      const Place place{true, inner};
      loop.close(loopOf(plan_, plan_.repeats[static_cast<std::size_t>(inner)]),
                 {meetings_.waits[place], meetings_.signals[place]});
      t = end;
    }
  }

  /// A stage of a pipeline: every engine of its cores begins an image when all of them have ended
  /// the one before; other stages run beside.
  void emit(const plan::Stage& stage) {
    QueueLoop loop(program_, stage.cores);
    emit(static_cast<std::size_t>(stage.first), static_cast<std::size_t>(stage.last), -1);
    loop.close({plan_.images}, {}, betweenImages(stage, loop));
  }

 private:
  void emitTask(std::size_t t) {
    const Place place{false, static_cast<int>(t)};
    emit::emitTask(program_, plan_, tasks_[t], meetings_.waits[place], meetings_.signals[place]);
  }

  QueueLoop::Meetings betweenImages(const plan::Stage& stage, const QueueLoop& loop) {
    QueueLoop::Meetings result;
    for (std::size_t from = 0; from < isa::kEngineCount; ++from) {
      for (std::size_t to = 0; to < isa::kEngineCount; ++to) {
        if (from == to || !loop.uses(from) || !loop.uses(to)) continue;
        isa::Semaphore& made = program_.semaphores.emplace_back();
        made.name = "stage " + std::to_string(stage.first) + "." +
                    std::string(name(static_cast<isa::Engine>(from))) + "->" +
                    std::string(name(static_cast<isa::Engine>(to)));
        made.initial = 1;
        made.signallers = stage.cores;
        const auto id = static_cast<isa::SemaphoreId>(program_.semaphores.size() - 1);
        result.signals[from].push_back(id);
        result.waits[to].push_back(id);
      }
    }
    return result;
  }

  isa::Program& program_;
  const plan::Plan& plan_;
  const std::vector<PlacedTask>& tasks_;
  Meetings meetings_;
};

}  // namespace

isa::Program emitProgram(const plan::Plan& plan, const std::vector<PlacedTask>& tasks) {
  isa::Program program;
  program.network = plan.network;
  program.precision = plan.precision;
  program.layers = plan.layers;
  program.values = plan.values;
  program.cores = plan.cores;
  ProgramEmitter emitter(program, plan, tasks);
  for (const plan::Stage& stage : plan.stages) emitter.emit(stage);
  if (plan.stages.empty()) emitter.emit(0, tasks.size(), -1);
  for (const plan::Block& block : plan.blocks) {
    const bool constantUsed = block.kind == plan::Block::Kind::Weights && block.firstTask >= 0;
    if (!constantUsed || block.bytes == 0) continue;
    program.constants.push_back(constant(block));
  }
  for (const plan::Port& p : plan.inputs) program.inputs.push_back(port(plan, p));
  for (const plan::Port& p : plan.outputs) program.outputs.push_back(port(plan, p));
  return program;
}

}  // namespace npusim::emit
