#pragma once

#include <functional>
#include <memory>

#include "sim/memory/memory_model.h"

namespace npusim {

/// A memory that tells what it is asked for, in the order of the requests.
class TracingMemory : public MemoryModel {
 public:
  using Observer = std::function<void(Direction direction, const Piece& piece)>;

  TracingMemory(std::unique_ptr<MemoryModel> memory, Observer observer)
      : memory_(std::move(memory)), observer_(std::move(observer)) {}

  const ClockDomain& clock() const override { return memory_->clock(); }
  std::int64_t burstBytes() const override { return memory_->burstBytes(); }
  Completion transfer(std::int64_t startCycle, Direction direction, std::span<const Piece> pieces,
                      MemoryEvents& events) override {
    for (const Piece& piece : pieces) observer_(direction, piece);
    return memory_->transfer(startCycle, direction, pieces, events);
  }
  void beginPhase() override { memory_->beginPhase(); }
  void idleUntil(std::int64_t cycle, MemoryEvents& events) override {
    memory_->idleUntil(cycle, events);
  }

 private:
  std::unique_ptr<MemoryModel> memory_;
  Observer observer_;
};

}  // namespace npusim
