#include "sim/chip/semaphores.h"

#include "sim/core/error.h"

namespace npusim {

SemaphoreTable::SemaphoreTable(const isa::Program& program)
    : program_(program), entries_(program.semaphores.size()) {
  const auto check = [this](isa::SemaphoreId semaphore) {
    ensure(semaphore >= 0 && static_cast<std::size_t>(semaphore) < entries_.size(),
           "an instruction names no semaphore");
  };
  for (int e = 0; e < isa::kEngineCount; ++e) {
    const auto engine = static_cast<isa::Engine>(e);
    for (const isa::Instruction& instruction : program.queue(engine)) {
      for (const isa::SemaphoreId wait : instruction.waits) check(wait);
      for (const isa::SemaphoreId signal : instruction.signals) {
        check(signal);
        entries_[static_cast<std::size_t>(signal)].producer = engine;
      }
    }
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].collective = program.semaphores[i].signallers.has_value();
    initial_.push_back(program.semaphores[i].initial);
  }
}

Semaphores::Semaphores(const SemaphoreTable& table, Collectives& collectives, std::int64_t core)
    : table_(table), collectives_(collectives), core_(core) {
  reset();
}

void Semaphores::reset() {
  tokens_ = table_.initial();
  waiting_.assign(tokens_.size(), 0);
}

bool Semaphores::tryTake(isa::SemaphoreId semaphore, isa::Engine engine, std::int64_t now) {
  if (table_.collective(semaphore)) return collectives_.tryTake(semaphore, core_, engine, now);
  const auto index = static_cast<std::size_t>(semaphore);
  const auto bit = static_cast<EngineSet>(1U << static_cast<unsigned>(engine));
  if (tokens_[index] == 0) {
    waiting_[index] |= bit;
    return false;
  }
  waiting_[index] &= static_cast<EngineSet>(~bit);
  --tokens_[index];
  return true;
}

void Semaphores::signal(isa::SemaphoreId semaphore, std::int64_t now) {
  if (table_.collective(semaphore)) return collectives_.signal(semaphore, core_, now);
  const auto index = static_cast<std::size_t>(semaphore);
  ++tokens_[index];
  for (unsigned e = 0; e < isa::kEngineCount && waiting_[index] >> e != 0; ++e) {
    if ((waiting_[index] >> e & 1U) != 0 && wake_) wake_(static_cast<isa::Engine>(e));
  }
}

std::int64_t Semaphores::arrival(isa::SemaphoreId semaphore) const {
  return table_.collective(semaphore) ? collectives_.arrival(semaphore, core_) : kNever;
}

Owed Semaphores::owed(isa::SemaphoreId semaphore) const {
  return table_.collective(semaphore) ? collectives_.owed(semaphore, core_) : Owed::ByThisCore;
}

}  // namespace npusim
