#include "sim/chip/engine.h"

#include <algorithm>

#include "sim/chip/condition_read.h"
#include "sim/core/error.h"

namespace npusim {

Engine::Engine(isa::Engine id, Machine& machine)
    : id_(id),
      machine_(machine),
      sequencer_(machine.program.queue(id), machine.fabric.rangeEnds[static_cast<std::size_t>(id)],
                 machine.core),
      condition_(std::make_unique<ConditionRead>(machine)) {}

Engine::~Engine() = default;

std::string Engine::title() const {
  const std::string plain(name(id_));
  return machine_.fabric.cores.size() > 1 ? "core" + std::to_string(core()) + "_" + plain : plain;
}

void Engine::restart() {
  sequencer_.restart();
  taken_ = 0;
  missing_.reset();
  turns_.clear();
  condition_->reset();
  reset();
  if (finished()) machine_.timeline.set(id_, {Timeline::Activity::Done}, 0);
}

std::int64_t Engine::step(std::int64_t now) {
  std::int64_t next = advance(now);
  next = std::min(next, condition_->due());
  reportActivity(now);
  return missing_ ? std::min(next, machine_.semaphores.arrival(*missing_)) : next;
}

/// The array's own wait matters even while an earlier tile drains; another engine counts as
/// working until nothing is under way.
void Engine::reportActivity(std::int64_t now) {
  using Activity = Timeline::Activity;
  const bool waits = waiting() && (id_ == isa::Engine::Matrix || !working());
  if (waits) {
    machine_.timeline.set(id_, {Activity::Waiting, *missing_}, now);
  } else if (finished()) {
    machine_.timeline.set(id_, {Activity::Done}, now);
  } else {
    machine_.timeline.set(id_, {Activity::Busy, 0, exchanging()}, now);
  }
}

std::optional<Engine::Issued> Engine::fetch(std::int64_t now) {
  if (missing_) machine_.timeline.settle(now);
  missing_.reset();
  if (!passConditions(now)) return std::nullopt;
  const isa::Instruction* instruction = sequencer_.current();
  if (!instruction) return std::nullopt;
  for (; taken_ < instruction->waits.size(); ++taken_) {
    if (!machine_.semaphores.tryTake(instruction->waits[taken_], id_, now)) {
      missing_ = instruction->waits[taken_];
      return std::nullopt;
    }
  }
  machine_.timeline.set(id_, {Timeline::Activity::Busy}, now);
  LayerTally& layer = machine_.layerOf(*instruction);
  if (layer.start < 0 || now < layer.start) layer.start = now;
  const Issued issued{instruction, sequencer_.indices()};
  turns_.push_back(turn());
  taken_ = 0;
  sequencer_.advance();
  return issued;
}

/// That of the instruction at hand.
std::int64_t Engine::turn() const {
  return machine_.fabric.turns.of(id_, sequencer_.number(), sequencer_.indices());
}

/// Decides on the loops with a condition that it stands at; false while it cannot yet. The byte may
/// come from this engine, so everything before has to be complete.
bool Engine::passConditions(std::int64_t now) {
  while (const isa::Condition* condition = sequencer_.condition()) {
    if (working()) return false;
    const isa::Instruction& loop = *sequencer_.current();
    if (!condition_->underWay()) condition_->begin(loop, *condition, sequencer_.indices(), now);
    if (!condition_->arrives(now)) return false;
    machine_.fabric.bookEnd(loop, turn(), now);
    sequencer_.decide(condition_->take() != condition->inverted);
  }
  return true;
}

void Engine::complete(const isa::Instruction& instruction, std::int64_t now) {
  machine_.fabric.bookEnd(instruction, turns_.front(), now);
  turns_.pop_front();
  machine_.fabric.lastCore = core();
  for (const isa::SemaphoreId signal : instruction.signals) {
    if (machine_.semaphores.table().collective(signal)) machine_.timeline.settle(now);
    machine_.semaphores.signal(signal, now);
  }
}

bool Engine::isIn(const EqualPasses& loop) const {
  const auto part = std::ranges::find(loop.parts, id_, &EqualPasses::Part::engine);
  return part != loop.parts.end() && loop.cores.contains(core()) &&
         sequencer_.outermost() == part->begin;
}

std::int64_t Engine::passesBegun(const EqualPasses& loop) const {
  return isIn(loop) ? sequencer_.indices().index[0] + 1 : loop.shared.passes;
}

void Engine::endAfter(const EqualPasses& loop, std::int64_t passes) {
  ensure(isIn(loop) && passesBegun(loop) <= passes, "a loop ends before a pass that has begun");
  sequencer_.endOutermostAfter(passes);
}

std::string Engine::describeWait() const {
  const isa::Instruction* instruction = sequencer_.current();
  std::string text =
      machine_.fabric.cores.size() > 1 ? "core " + std::to_string(core()) + ": " : "";
  text += name(id_);
  if (!instruction || !missing_) return text + " is stuck";
  text += " waits at instruction " + std::to_string(sequencer_.number()) + " (layer '" +
          machine_.program.layers[static_cast<std::size_t>(instruction->layer)].name + "'";
  for (std::size_t depth = 0; depth < sequencer_.depth(); ++depth) {
    text += (depth == 0 ? ", loop pass " : ".") + std::to_string(sequencer_.indices().index[depth]);
  }
  return text + ") for semaphore '" + machine_.semaphores.table().name(*missing_) + "'";
}

}  // namespace npusim
