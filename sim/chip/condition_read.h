#pragma once

#include <cstdint>

#include "sim/chip/chunk.h"
#include "sim/chip/machine.h"
#include "sim/chip/remote.h"

namespace npusim {

/// An engine's sequencer reads the byte that decides on a loop. It takes the issue of an
/// instruction, then one cycle at the core's own buffer, a burst of a memory or the way from
/// another core's buffer; the last two over the network, where there is one.
class ConditionRead {
 public:
  explicit ConditionRead(Machine& machine) : machine_(machine), courier_(machine) {}

  void reset() { read_.instruction = nullptr; }
  bool underWay() const { return read_.instruction != nullptr; }

  /// Begins at `now`, for the loop that stands at `indices`.
  void begin(const isa::Instruction& loop, const isa::Condition& condition,
             const isa::LoopIndices& indices, std::int64_t now);
  /// Does the step that is due at `now`; is the byte there?
  bool arrives(std::int64_t now);
  /// The cycle of the next step; Engine::kNever when no read is under way.
  std::int64_t due() const { return underWay() ? leg_.at : Engine::kNever; }
  /// Ends the read: is the byte that has arrived not 0? Without values, true.
  bool take();

 private:
  Leg legTo(isa::StorageId storage, const BytePlace& place);

  Machine& machine_;
  Courier courier_;
  Chunk read_;  ///< says for which instruction
  Leg leg_;
  isa::StorageId storage_ = 0;
  BytePlace place_;
};

}  // namespace npusim
