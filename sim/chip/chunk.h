#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sim/chip/engine.h"
#include "sim/chip/multicast.h"
#include "sim/chip/transfer_walk.h"
#include "sim/memory/memory_model.h"

namespace npusim {

/// Bytes of a chunk on their way between the chunk's core and a memory or another core. Reading, a
/// memory is asked before the network carries; writing, the network carries before the memory is
/// asked.
struct Leg {
  Direction direction = Direction::Read;
  std::optional<isa::StorageId> memory;  ///< still to be asked; none: another core's buffer
  bool carries = false;                  ///< still to pass the network
  std::int64_t node = 0;                 ///< of the network: the core, or the memory's port
  std::int64_t bytes = 0;
  std::vector<Piece> pieces;  ///< of the memory
  std::int64_t at = 0;        ///< cycle of the next step
  std::int64_t end = 0;       ///< cycle by which the steps so far have moved everything
};

/// Part of a transfer; without a transfer only a synchronisation.
struct Chunk {
  const isa::Instruction* instruction = nullptr;
  const isa::Transfer* transfer = nullptr;
  bool last = true;  ///< completes the instruction
  std::int64_t bytes = 0, filledBytes = 0, indexBytes = 0;
  std::int64_t units = 0;                 ///< bursts under way
  std::vector<Leg> legs;                  ///< under way
  std::vector<Leg> writes;                ///< to begin when everything has been read
  std::int64_t legsLeft = 0;              ///< that have not ended, of the reads or of the writes
  std::int64_t nextLeg = Engine::kNever;  ///< cycle at which one of `legs` is due
  std::int64_t arrived = 0;               ///< cycle by which what was read so far is there
  std::int64_t completion = Engine::kNever;
  /// Cores that share what is read, where this one reads for all of them.
  std::shared_ptr<const Readers> readers;
  bool readsItself = true;  ///< false: another core reads for it
  bool networked = false;   ///< some of it passes the network
  std::int64_t memoryFrom = 0, memoryUntil = 0, networkUntil = 0;
  std::vector<Run> runs;  ///< with values only

  /// Empties it for the next chunk, whose lists then need no new memory.
  void clear() {
    Chunk empty;
    for (auto* list : {&legs, &writes}) list->clear();
    runs.clear();
    empty.legs = std::move(legs);
    empty.writes = std::move(writes);
    empty.runs = std::move(runs);
    *this = std::move(empty);
  }

  void endLeg(std::int64_t end) {
    arrived = std::max(arrived, end);
    --legsLeft;
  }

  /// At `now` it is the network that the chunk waits for, or cores that read with it, not a memory.
  bool exchanging(std::int64_t now) const {
    const bool inMemory = now >= memoryFrom && now < memoryUntil;
    return networked && !inMemory && (completion == Engine::kNever || now < networkUntil);
  }
};

}  // namespace npusim
