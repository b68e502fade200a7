#include "sim/chip/semaphores.h"

#include "sim/core/error.h"

namespace npusim {

Semaphores::Semaphores(const isa::Program& program)
    : program_(program), states_(program.semaphores.size()) {
  for (int e = 0; e < isa::kEngineCount; ++e) {
    const auto engine = static_cast<isa::Engine>(e);
    for (const isa::Instruction& instruction : program.queue(engine)) {
      for (const isa::SemaphoreId signal : instruction.signals) at(signal).producer = engine;
      for (const isa::SemaphoreId wait : instruction.waits) at(wait);
    }
  }
  reset();
}

void Semaphores::reset() {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    states_[i].tokens = program_.semaphores[i].initial;
    states_[i].waiting.fill(false);
  }
}

bool Semaphores::tryTake(isa::SemaphoreId semaphore, isa::Engine engine) {
  State& state = at(semaphore);
  bool& waiting = state.waiting[static_cast<std::size_t>(engine)];
  waiting = state.tokens == 0;
  if (waiting) return false;
  --state.tokens;
  return true;
}

void Semaphores::signal(isa::SemaphoreId semaphore) {
  State& state = at(semaphore);
  ++state.tokens;
  for (int e = 0; e < isa::kEngineCount; ++e) {
    if (state.waiting[static_cast<std::size_t>(e)] && wake_) wake_(static_cast<isa::Engine>(e));
  }
}

const std::string& Semaphores::name(isa::SemaphoreId semaphore) const {
  return program_.semaphores.at(static_cast<std::size_t>(semaphore)).name;
}

std::optional<isa::Engine> Semaphores::producer(isa::SemaphoreId semaphore) const {
  return states_.at(static_cast<std::size_t>(semaphore)).producer;
}

Semaphores::State& Semaphores::at(isa::SemaphoreId semaphore) {
  const auto index = static_cast<std::size_t>(semaphore);
  ensure(semaphore >= 0 && index < states_.size(), "an instruction names no semaphore");
  return states_[index];
}

}  // namespace npusim
