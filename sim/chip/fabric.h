#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "sim/array/array_model.h"
#include "sim/chip/collectives.h"
#include "sim/chip/dealings.h"
#include "sim/chip/decoders.h"
#include "sim/chip/multicast.h"
#include "sim/chip/semaphores.h"
#include "sim/chip/steady_passes.h"
#include "sim/chip/turns.h"
#include "sim/config/chip_config.h"
#include "sim/core/fidelity.h"
#include "sim/isa/program.h"
#include "sim/memory/memory_model.h"
#include "sim/memory/storage.h"
#include "sim/network/network.h"
#include "sim/stats/counters.h"

namespace npusim {

struct Machine;

/// What one layer of the program did in a prediction, on all cores.
struct LayerTally {
  Counters counters;
  std::int64_t start = -1, finish = 0;  ///< core cycles; start < 0: no instruction yet
  std::int64_t macRemainder = 0;        ///< of usefulDenominator-ths, carried between tiles
};

/// What one end counts and the other has to confirm (checkConservation()).
struct Ledger {
  /// By DMA: when it cuts a transfer, and when it has written the bytes.
  std::int64_t sentBytes = 0, receivedBytes = 0;
  std::int64_t networkBytes = 0;  ///< that transfers, when they are cut, want from the network
  /// Of memories: by DMA; on the bus or from what waits to be written.
  std::int64_t requestedBytes = 0, burstBytesMoved = 0;
};

/// One chip that holds one program: what its cores share, and the cores. `program` must outlive it.
struct Fabric {
  /// Throws BadInput when the program's cores or storages are not this chip's, NotPossible for what
  /// the model lacks, as makeArray() does.
  Fabric(const ChipConfig& chipConfig, const isa::Program& theProgram, bool withValues,
         Fidelity fidelity, const PassLimit& passLimit = {});
  ~Fabric();
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  const ChipConfig chip;
  const isa::Program& program;
  const bool values;
  const ClockDomain clock;
  const std::vector<std::int64_t> backedBytes;         ///< by storage; 0 with values off
  std::vector<Storage> memoryStorages;                 ///< of the memories, in their order
  std::vector<std::unique_ptr<MemoryModel>> memories;  ///< by storage; null but for memories
  std::unique_ptr<Network> network;                    ///< null with one core
  const std::shared_ptr<Dealings> dealings;            ///< of tiles over arrays in step
  std::unique_ptr<ArrayModel> array;                   ///< every core has one like it
  const Decoders decoders;                             ///< of encoded weights
  const SemaphoreTable semaphores;
  Collectives collectives;
  SharedReads sharedReads;
  /// By queue and instruction: where the instructions that the same cores run end.
  const std::array<std::vector<std::size_t>, isa::kEngineCount> rangeEnds;
  /// By layer: how often a condition decides whether it runs; 0: it always runs.
  const std::vector<std::int64_t> decisions;
  const Turns turns;
  std::vector<LayerTally> layers;
  TurnEnds turnEnds;
  Ledger ledger;
  std::vector<std::unique_ptr<Machine>> cores;  ///< one where all cores share their control
  std::int64_t lastCore = 0;                    ///< completed the latest instruction
  SteadyPasses steadyPasses;

  /// Calls an engine of a core at the current cycle again.
  std::function<void(std::int64_t core, isa::Engine engine)> wake;

  /// The books that an instruction is entered in: its layer's. What only waits or decides at a
  /// branch that has not run counts for the last layer before it that has.
  LayerTally& layerOf(const isa::Instruction& instruction) {
    return layers[layerNumber(instruction)];
  }

  /// What an instruction did in a turn of its layer (Turns::of()) has ended at cycle `now`.
  void bookEnd(const isa::Instruction& instruction, std::int64_t turn, std::int64_t now);

  /// What expands the weights of a storage; null where it holds none that are encoded.
  const WeightDecoder* decoder(isa::StorageId storage) const {
    const auto& found = decoders[static_cast<std::size_t>(storage)];
    return found ? &*found : nullptr;
  }

  Machine& core(std::int64_t number) { return *cores[static_cast<std::size_t>(number)]; }

  /// Books what memory number `memory` did, in a layer's counters and the ledger.
  void book(std::size_t memory, const MemoryEvents& events, Counters& counters);

  /// Empties the books, refills semaphores and begins a new phase in every memory.
  void beginPrediction();

 private:
  std::size_t layerNumber(const isa::Instruction& instruction) const;
};

}  // namespace npusim
