#include "sim/chip/vector_engine.h"

#include <algorithm>

#include "sim/chip/resolve.h"
#include "sim/core/error.h"

namespace npusim {

std::int64_t VectorEngine::advance(std::int64_t now) {
  for (;;) {
    if (current_) {
      if (completion_ > now) return completion_;
      finish();
    }
    const std::optional<Issued> issued = fetch(now);
    if (!issued) return kNever;
    start(*issued, now);
  }
}

void VectorEngine::start(const Issued& issued, std::int64_t now) {
  current_ = issued.instruction;
  completion_ = now + machine().issueCycles();
  tile_.reset();
  if (const auto* pass = std::get_if<isa::VectorPass>(&current_->body)) {
    tile_ = resolve(*pass, issued.indices);
    cost_ = vectorCost(machine().chip.vector, *tile_);
    completion_ += passCycles();
  } else {
    ensure(std::holds_alternative<isa::Sync>(current_->body),
           "the vector queue holds vector passes only");
  }
}

/// The unit's cycles, or those that the busiest buffer needs for the operands.
std::int64_t VectorEngine::passCycles() const {
  const auto bytesAt = [this](isa::StorageId storage) {
    std::int64_t bytes = tile_->out.access.storage == storage ? cost_.outBytes : 0;
    for (std::size_t i = 0; i < tile_->operands.size(); ++i) {
      if (tile_->operands[i].access.storage == storage) bytes += cost_.operandBytes[i];
    }
    return bytes;
  };
  const auto portCycles = [&](isa::StorageId storage) {
    return machine().portCycles(storage, bytesAt(storage));
  };
  std::int64_t cycles = std::max(cost_.cycles, portCycles(tile_->out.access.storage));
  for (const ResolvedOperand& operand : tile_->operands) {
    cycles = std::max(cycles, portCycles(operand.access.storage));
  }
  return machine().chip.idealMemory ? 0 : cycles;
}

void VectorEngine::finish() {
  if (tile_) {
    Counters& counters = machine().layerOf(*current_).counters;
    counters.macs += cost_.macs;
    counters.vectorSimpleOps += cost_.simpleOps;
    counters.vectorDivideOps += cost_.divideOps;
    counters.vectorTranscendentalOps += cost_.transcendentalOps;
    for (std::size_t i = 0; i < tile_->operands.size(); ++i) {
      machine().countBuffer(counters, tile_->operands[i].access.storage, cost_.operandBytes[i], 0);
    }
    machine().countBuffer(counters, tile_->out.access.storage, 0, cost_.outBytes);
    if (machine().values) executePass(*tile_, machine().storages);
  }
  const isa::Instruction* done = current_;
  current_ = nullptr;
  complete(*done, completion_);
}

}  // namespace npusim
