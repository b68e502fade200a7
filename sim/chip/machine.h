#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/chip/semaphores.h"
#include "sim/chip/timeline.h"
#include "sim/config/chip_config.h"
#include "sim/isa/program.h"
#include "sim/memory/memory_model.h"
#include "sim/memory/storage.h"
#include "sim/stats/counters.h"

namespace npusim {

/// What one layer of the program did in a prediction.
struct LayerTally {
  Counters counters;
  std::int64_t start = -1, finish = 0;  ///< core cycles; start < 0: no instruction yet
  std::int64_t macRemainder = 0;        ///< of usefulDenominator-ths, carried between tiles
};

/// Both ends of every link, to be equal in the end.
struct Ledger {
  std::int64_t sentBytes = 0, receivedBytes = 0;         ///< by DMA
  std::int64_t requestedBytes = 0, burstBytesMoved = 0;  ///< of memories: by DMA, on the bus
};

/// What the engines of one chip share: clock, storages, memories, semaphores and the books.
/// `program` must outlive it.
struct Machine {
  /// Throws BadInput when the program's storages are not this chip's, NotPossible for what the
  /// model lacks.
  Machine(const ChipConfig& chipConfig, const isa::Program& theProgram, bool withValues);

  const ChipConfig chip;
  const isa::Program& program;
  const bool values;
  const ClockDomain clock;
  std::vector<Storage> storages;
  std::vector<std::unique_ptr<MemoryModel>> memories;  ///< by storage; null for buffers
  Semaphores semaphores;
  Timeline timeline;
  std::vector<LayerTally> layers;
  ArrayTime arrayTime;  ///< PE-cycles; fillDrain within the streams only
  Ledger ledger;

  /// Empties the books, refills semaphores and begins a new phase in every memory.
  void beginPrediction();

  std::int64_t issueCycles() const { return chip.idealMemory ? 0 : chip.issueCycles; }

  LayerTally& layerOf(const isa::Instruction& instruction) {
    return layers[static_cast<std::size_t>(instruction.layer)];
  }

  const std::string& layerName(const isa::Instruction& instruction) const {
    return program.layers[static_cast<std::size_t>(instruction.layer)].name;
  }

  Storage& storage(isa::StorageId id) { return storages[static_cast<std::size_t>(id)]; }
  MemoryModel* memory(isa::StorageId id) { return memories[static_cast<std::size_t>(id)].get(); }

  /// Bytes a transfer moves at least at a time in a memory; 1 on chip.
  std::int64_t transferUnit(isa::StorageId id) const;

  /// Cycles in which a buffer's ports pass `bytes`; 0 with ideal memory.
  std::int64_t portCycles(isa::StorageId id, std::int64_t bytes) const;

  /// Books traffic at an on-chip buffer.
  void countBuffer(Counters& counters, isa::StorageId id, std::int64_t read,
                   std::int64_t written) const;
};

}  // namespace npusim
