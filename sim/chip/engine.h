#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "sim/chip/machine.h"
#include "sim/chip/sequencer.h"

namespace npusim {

class ConditionRead;

/// One engine: takes its queue's instructions in order, each after its tokens. Plain C++: a
/// SystemC module calls step() when something is due.
class Engine {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  Engine(isa::Engine id, Machine& machine);
  virtual ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  isa::Engine id() const { return id_; }
  std::int64_t core() const { return machine_.core; }
  /// "matrix", or on a chip of several cores "core3_matrix".
  std::string title() const;

  /// Back to the first instruction.
  void restart();
  /// Does everything that is due at cycle `now`. Returns the cycle at which the next thing is due,
  /// or kNever until a token arrives.
  std::int64_t step(std::int64_t now);

  /// Passes that it has begun of its part of a loop, which it has reached.
  std::int64_t passesBegun(const EqualPasses& loop) const;
  /// Ends its part of a loop, of which it has begun no more, after so many passes.
  void endAfter(const EqualPasses& loop, std::int64_t passes);

  bool finished() const { return !sequencer_.current() && !working(); }
  /// "matrix waits at instruction 3 (layer 'conv1') for semaphore 'inputs ready'", where there are
  /// several cores "core 3: matrix waits ..."; for messages.
  std::string describeWait() const;

 protected:
  /// An instruction whose tokens are taken, with the loop indices that it stands for.
  struct Issued {
    const isa::Instruction* instruction = nullptr;
    isa::LoopIndices indices;
  };

  virtual std::int64_t advance(std::int64_t now) = 0;
  /// Whether something is issued that has not completed.
  virtual bool working() const = 0;
  /// Whether what is under way only moves between cores: waiting for it is waiting for the network.
  virtual bool exchanging() const { return false; }
  virtual void reset() = 0;

  /// The next instruction once all its tokens are taken; empty while one is missing and at the end.
  std::optional<Issued> fetch(std::int64_t now);
  /// An instruction of this engine has completed: books it and signals.
  void complete(const isa::Instruction& instruction, std::int64_t now);
  bool waiting() const { return missing_.has_value(); }

  Machine& machine() { return machine_; }
  const Machine& machine() const { return machine_; }

 private:
  /// Whether it stands in its part of a loop.
  bool isIn(const EqualPasses& loop) const;
  void reportActivity(std::int64_t now);
  std::int64_t turn() const;
  bool passConditions(std::int64_t now);

  const isa::Engine id_;
  Machine& machine_;
  Sequencer sequencer_;
  std::size_t taken_ = 0;  ///< tokens of the current instruction
  std::optional<isa::SemaphoreId> missing_;
  std::deque<std::int64_t> turns_;  ///< of what is issued and has not completed
  const std::unique_ptr<ConditionRead> condition_;
};

}  // namespace npusim
