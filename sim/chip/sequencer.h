#pragma once

#include <cstdint>
#include <vector>

#include "sim/isa/program.h"

namespace npusim {

/// Walks one queue in program order, opening and closing its loops.
class Sequencer {
 public:
  explicit Sequencer(const std::vector<isa::Instruction>& queue) : queue_(queue) { restart(); }

  void restart();

  /// The instruction it stands at; null at the end. Never a loop's begin or end.
  const isa::Instruction* current() const {
    return next_ < queue_.size() ? &queue_[next_] : nullptr;
  }
  /// Position of the current instruction in the queue, from 0.
  std::size_t number() const { return next_; }
  /// Where the open loops stand.
  const isa::LoopIndices& indices() const { return indices_; }
  /// Number of open loops.
  std::size_t depth() const { return loops_.size(); }

  /// Moves past the current instruction.
  void advance();

 private:
  struct OpenLoop {
    std::size_t body;  ///< position of its first instruction
    std::int64_t count;
  };

  void settle();
  void setIndex(std::size_t depth, std::int64_t index);

  const std::vector<isa::Instruction>& queue_;
  std::size_t next_ = 0;
  std::vector<OpenLoop> loops_;
  isa::LoopIndices indices_;
};

}  // namespace npusim
