#include "sim/chip/engine.h"

namespace npusim {

Engine::Engine(isa::Engine id, Machine& machine)
    : id_(id), machine_(machine), sequencer_(machine.program.queue(id)) {}

void Engine::restart() {
  sequencer_.restart();
  taken_ = 0;
  missing_.reset();
  reset();
}

std::int64_t Engine::step(std::int64_t now) {
  const std::int64_t next = advance(now);
  reportActivity(now);
  return next;
}

/// The array's own wait matters even while an earlier tile drains; another engine counts as
/// working until nothing is under way.
void Engine::reportActivity(std::int64_t now) {
  using Activity = Timeline::Activity;
  const bool waits = waiting() && (id_ == isa::Engine::Matrix || !working());
  if (waits) {
    machine_.timeline.set(id_, {Activity::Waiting, *missing_}, now);
  } else {
    machine_.timeline.set(id_, {finished() ? Activity::Done : Activity::Busy, 0}, now);
  }
}

std::optional<Engine::Issued> Engine::fetch(std::int64_t now) {
  const isa::Instruction* instruction = sequencer_.current();
  missing_.reset();
  if (!instruction) return std::nullopt;
  for (; taken_ < instruction->waits.size(); ++taken_) {
    if (!machine_.semaphores.tryTake(instruction->waits[taken_], id_)) {
      missing_ = instruction->waits[taken_];
      return std::nullopt;
    }
  }
  machine_.timeline.set(id_, {Timeline::Activity::Busy, 0}, now);
  LayerTally& layer = machine_.layerOf(*instruction);
  if (layer.start < 0 || now < layer.start) layer.start = now;
  const Issued issued{instruction, sequencer_.indices()};
  taken_ = 0;
  sequencer_.advance();
  return issued;
}

void Engine::complete(const isa::Instruction& instruction, std::int64_t now) {
  LayerTally& layer = machine_.layerOf(instruction);
  layer.finish = std::max(layer.finish, now);
  for (const isa::SemaphoreId signal : instruction.signals) machine_.semaphores.signal(signal);
}

std::string Engine::describeWait() const {
  const isa::Instruction* instruction = sequencer_.current();
  if (!instruction || !missing_) return std::string(name(id_)) + " is stuck";
  std::string text = std::string(name(id_)) + " waits at instruction " +
                     std::to_string(sequencer_.number()) + " (layer '" +
                     machine_.program.layers[static_cast<std::size_t>(instruction->layer)].name +
                     "'";
  for (std::size_t depth = 0; depth < sequencer_.depth(); ++depth) {
    text += (depth == 0 ? ", loop pass " : ".") + std::to_string(sequencer_.indices().index[depth]);
  }
  return text + ") for semaphore '" + machine_.semaphores.name(*missing_) + "'";
}

}  // namespace npusim
