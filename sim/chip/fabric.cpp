#include "sim/chip/fabric.h"

#include <algorithm>

#include "sim/chip/array_factory.h"
#include "sim/chip/branches.h"
#include "sim/chip/machine.h"
#include "sim/chip/sequencer.h"
#include "sim/chip/used_bytes.h"
#include "sim/core/error.h"
#include "sim/memory/dram/dram_model.h"
#include "sim/memory/sram_model.h"

namespace npusim {
namespace {

/// Command streams: cores that share their control run one.
std::int64_t coreCount(const ChipConfig& chip) {
  return chip.coreControl == CoreControl::Shared ? 1 : chip.cores;
}

void checkStorages(const ChipConfig& chip, const isa::Program& program) {
  const std::size_t buffers = chip.buffers.size(), memories = chip.memories.size();
  const auto placed = std::ranges::count_if(program.storages, [](const isa::Storage& storage) {
    return !storage.distribution && !storage.encoded;
  });
  if (static_cast<std::size_t>(placed) != buffers + memories) {
    throw BadInput("the program uses " + std::to_string(placed) + " buffers and memories, chip '" +
                   chip.name + "' has " + std::to_string(buffers + memories) +
                   "; compile it for this chip");
  }
  for (std::size_t i = 0; i < program.storages.size(); ++i) {
    const isa::Storage& storage = program.storages[i];
    const bool made = storage.distribution || storage.encoded;
    ensure(storage.onChip == (i < buffers || storage.distribution.has_value()) &&
               made == (i >= buffers + memories),
           "storages are listed as buffers, then memories, then those made of them");
  }
}

void checkCores(const ChipConfig& chip, const isa::Program& program) {
  if (program.cores == coreCount(chip)) return;
  throw BadInput("the program is for " + std::to_string(program.cores) + " cores, chip '" +
                 chip.name + "' has " + std::to_string(coreCount(chip)) +
                 "; compile it for this chip");
}

void checkLayers(const isa::Program& program) {
  for (const auto& queue : program.queues) {
    for (const isa::Instruction& instruction : queue) {
      const bool known = instruction.layer >= 0 && instruction.layer < std::ssize(program.layers);
      const bool loops = std::holds_alternative<isa::Loop>(instruction.body) ||
                         std::holds_alternative<isa::EndLoop>(instruction.body);
      ensure(known || loops, "an instruction belongs to no layer");
    }
  }
}

/// After the checks: what each storage needs behind it.
std::vector<std::int64_t> checkedBacking(const ChipConfig& chip, const isa::Program& program,
                                         bool values) {
  checkStorages(chip, program);
  checkCores(chip, program);
  checkLayers(program);
  return values ? usedBytes(program) : std::vector<std::int64_t>(program.storages.size(), 0);
}

std::vector<Storage> makeMemoryStorages(const ChipConfig& chip, const isa::Program& program,
                                        const std::vector<std::int64_t>& backedBytes) {
  std::vector<Storage> storages;
  const std::size_t first = chip.buffers.size();
  for (std::size_t i = first; i < first + chip.memories.size(); ++i) {
    const isa::Storage& storage = program.storages[i];
    storages.emplace_back(storage.name, false, storage.capacityBytes, backedBytes[i]);
  }
  return storages;
}

std::unique_ptr<MemoryModel> makeMemory(const MemoryConfig& memory) {
  if (memory.kind != MemoryKind::Dram) return std::make_unique<SramModel>(memory);
  return std::make_unique<DramModel>(memory);
}

std::vector<std::unique_ptr<MemoryModel>> makeMemories(const ChipConfig& chip,
                                                       std::size_t storages) {
  std::vector<std::unique_ptr<MemoryModel>> memories(storages);
  for (std::size_t i = 0; i < chip.memories.size(); ++i) {
    memories[chip.buffers.size() + i] = makeMemory(chip.memories[i]);
  }
  return memories;
}

std::array<std::vector<std::size_t>, isa::kEngineCount> allRangeEnds(const isa::Program& program) {
  std::array<std::vector<std::size_t>, isa::kEngineCount> ends;
  for (std::size_t e = 0; e < ends.size(); ++e) ends[e] = rangeEnds(program.queues[e]);
  return ends;
}

}  // namespace

Fabric::Fabric(const ChipConfig& chipConfig, const isa::Program& theProgram, bool withValues,
               Fidelity fidelity, const PassLimit& passLimit)
    : chip(chipConfig),
      program(theProgram),
      values(withValues),
      clock(chip.clockMhz),
      backedBytes(checkedBacking(chip, program, values)),
      memoryStorages(makeMemoryStorages(chip, program, backedBytes)),
      memories(makeMemories(chip, program.storages.size())),
      network(coreCount(chip) > 1 ? Network::make(chip.network, coreCount(chip)) : nullptr),
      dealings(std::make_shared<Dealings>(chip)),
      array(makeArray(chip, fidelity, dealings)),
      decoders(makeDecoders(program)),
      semaphores(program),
      collectives(program, coreCount(chip), chip.idealMemory ? 0 : chip.network.syncCycles),
      rangeEnds(allRangeEnds(program)),
      decisions(decisionsByLayer(program)),
      turns(program),
      layers(program.layers.size()),
      steadyPasses(*this, coreCount(chip), passLimit) {
  for (std::int64_t core = 0; core < coreCount(chip); ++core) {
    cores.push_back(std::make_unique<Machine>(*this, core));
  }
}

Fabric::~Fabric() = default;

std::size_t Fabric::layerNumber(const isa::Instruction& instruction) const {
  const auto own = static_cast<std::size_t>(instruction.layer);
  const bool works = !std::holds_alternative<isa::Sync>(instruction.body) &&
                     !std::holds_alternative<isa::Loop>(instruction.body);
  if (works || decisions[own] == 0) return own;
  for (std::size_t layer = own + 1; layer-- > 0;) {
    if (layers[layer].start >= 0) return layer;
  }
  return own;
}

void Fabric::bookEnd(const isa::Instruction& instruction, std::int64_t turn, std::int64_t now) {
  const std::size_t layer = layerNumber(instruction);
  layers[layer].finish = std::max(layers[layer].finish, now);
  turnEnds.add(turns.lastOf(layer, turn), layer, now);
  steadyPasses.ended(instruction, turn, now);
}

void Fabric::book(std::size_t memory, const MemoryEvents& events, Counters& counters) {
  counters.rowHits += events.rowHits;
  counters.rowMisses += events.rowMisses;
  counters.rowConflicts += events.rowConflicts;
  counters.activates += events.activates;
  counters.refreshes += events.refreshes;
  counters.memory(memory) += {.reads = events.reads,
                              .writes = events.writes,
                              .activates = events.activates,
                              .refreshes = events.refreshes,
                              .activeCycles = events.activeCycles,
                              .idleCycles = events.idleCycles};
  ledger.burstBytesMoved += events.bursts * memories[chip.buffers.size() + memory]->burstBytes();
}

void Fabric::beginPrediction() {
  collectives.reset();
  sharedReads.reset();
  std::fill(layers.begin(), layers.end(), LayerTally{});
  turnEnds.clear();
  ledger = {};
  lastCore = 0;
  steadyPasses.reset();
  if (network) network->reset();
  for (const auto& memory : memories) {
    if (memory) memory->beginPhase();
  }
  for (const auto& core : cores) core->beginPrediction();
}

}  // namespace npusim
