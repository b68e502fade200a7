#pragma once

#include <cstdint>
#include <vector>

#include "sim/chip/fabric.h"
#include "sim/chip/semaphores.h"
#include "sim/chip/timeline.h"

namespace npusim {

/// What the engines of one core share: its buffers, semaphores and books, and the fabric.
struct Machine {
  Machine(Fabric& theFabric, std::int64_t number);

  Fabric& fabric;
  const std::int64_t core;  ///< its number
  const ChipConfig& chip;
  const isa::Program& program;
  const bool values;
  const ClockDomain& clock;
  Ledger& ledger;
  std::vector<Storage> storages;  ///< its buffers
  Semaphores semaphores;
  Timeline timeline;
  ArrayTime arrayTime;          ///< PE-cycles; fillDrain within the streams only
  std::int64_t fillCycles = 0;  ///< nothing streamed because a tile filled the array

  /// Empties the books and refills semaphores.
  void beginPrediction();

  std::int64_t issueCycles() const { return chip.idealMemory ? 0 : chip.issueCycles; }

  LayerTally& layerOf(const isa::Instruction& instruction) { return fabric.layerOf(instruction); }

  const std::string& layerName(const isa::Instruction& instruction) const {
    return program.layers[static_cast<std::size_t>(instruction.layer)].name;
  }

  /// A buffer of this core or a memory; not a distributed storage.
  Storage& storage(isa::StorageId id) {
    const auto index = static_cast<std::size_t>(id);
    return index < storages.size() ? storages[index]
                                   : fabric.memoryStorages.at(index - storages.size());
  }
  MemoryModel* memory(isa::StorageId id) const {
    return fabric.memories[static_cast<std::size_t>(id)].get();
  }

  /// Bytes a transfer moves at least at a time in a memory; 1 on chip.
  std::int64_t transferUnit(isa::StorageId id) const;

  /// Books traffic at an on-chip buffer.
  void countBuffer(Counters& counters, isa::StorageId id, std::int64_t read,
                   std::int64_t written) const;
};

/// What the arrays of all cores have done.
ArraySums sumArrays(const Fabric& fabric);

}  // namespace npusim
