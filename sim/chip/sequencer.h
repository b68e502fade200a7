#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/isa/program.h"

namespace npusim {

/// For every position of a queue the first one after it that other cores run: a loop and all that
/// is in it name the same cores.
std::vector<std::size_t> rangeEnds(const std::vector<isa::Instruction>& queue);

/// Walks one queue in program order as one core does: opening and closing its loops, and skipping
/// what only other cores run. At a loop with a condition it stops until it is told to enter or to
/// skip it.
class Sequencer {
 public:
  /// `rangeEnds` of the queue; it and the queue must outlive this.
  Sequencer(const std::vector<isa::Instruction>& queue, const std::vector<std::size_t>& rangeEnds,
            std::int64_t core = 0)
      : queue_(queue), rangeEnds_(rangeEnds), core_(core) {
    restart();
  }

  void restart();

  /// The instruction it stands at; null at the end. Never a loop's end, nor the begin of one
  /// without a condition.
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

  /// The position of the outermost open loop's begin; empty where none is open.
  std::optional<std::size_t> outermost() const {
    return loops_.empty() ? std::nullopt : std::optional(loops_.front().body - 1);
  }
  /// Makes that loop end after so many passes, this time.
  void endOutermostAfter(std::int64_t passes) { loops_.front().count = passes; }

  /// The condition of the loop at whose begin it stands; else null.
  const isa::Condition* condition() const;
  /// Enters that loop, or skips all of it.
  void decide(bool enters);

 private:
  struct OpenLoop {
    std::size_t body;  ///< position of its first instruction
    std::int64_t count;
  };

  void settle();
  void enter(const isa::Loop& loop);
  void skipOthers();
  void setIndex(std::size_t depth, std::int64_t index);

  const std::vector<isa::Instruction>& queue_;
  const std::vector<std::size_t>& rangeEnds_;
  const std::int64_t core_;
  std::size_t next_ = 0;
  std::vector<OpenLoop> loops_;
  isa::LoopIndices indices_;
};

}  // namespace npusim
