#include "sim/chip/machine.h"

#include <algorithm>

#include "sim/core/error.h"
#include "sim/core/rounding.h"
#include "sim/isa/footprint.h"
#include "sim/memory/dram/dram_model.h"

namespace npusim {
namespace {

/// Highest address that the program uses, by storage.
class UsedBytes {
 public:
  explicit UsedBytes(const isa::Program& program) : used_(program.storages.size(), 0) {
    for (const isa::ConstantBlock& block : program.constants) {
      raise(block.storage, block.address + block.size);
    }
    for (const auto* ports : {&program.inputs, &program.outputs}) {
      for (const isa::PortTensor& port : *ports) raisePort(port);
    }
    for (const auto& queue : program.queues) walk(queue);
    for (std::size_t i = 0; i < used_.size(); ++i) {
      used_[i] = std::clamp<std::int64_t>(used_[i], 0, program.storages[i].capacityBytes);
    }
  }

  std::int64_t operator[](std::size_t storage) const { return used_[storage]; }

 private:
  void raise(isa::StorageId storage, std::int64_t end) {
    ensure(storage >= 0 && static_cast<std::size_t>(storage) < used_.size(),
           "the program addresses a storage that it does not list");
    std::int64_t& used = used_[static_cast<std::size_t>(storage)];
    used = std::max(used, end);
  }

  void raisePort(const isa::PortTensor& port) {
    std::int64_t end = port.address + byteSize(port.type);
    for (std::size_t d = 0; d < port.shape.size(); ++d) {
      end += std::max<std::int64_t>(0, port.strideBytes[d] * (port.shape[d] - 1));
    }
    raise(port.storage, end);
  }

  void raiseAccess(const isa::Access& access, const isa::Dimensions& dims, const isa::Extent& run) {
    raise(access.storage, isa::enclosingFootprint(access, dims, run, loops_).end);
  }

  void raiseElements(const isa::Access& access, const isa::Dimensions& dims) {
    raiseAccess(access, dims, {.size = byteSize(access.type), .limit = 0, .terms = {}});
  }

  void walk(const std::vector<isa::Instruction>& queue) {
    for (const isa::Instruction& instruction : queue) {
      if (const auto* loop = std::get_if<isa::Loop>(&instruction.body)) {
        loops_.push_back(loop->count);
      } else if (std::holds_alternative<isa::EndLoop>(instruction.body)) {
        loops_.pop_back();
      } else if (const auto* transfer = std::get_if<isa::Transfer>(&instruction.body)) {
        const isa::Dimensions dims = isa::dimensions(*transfer);
        raiseAccess(transfer->source, dims, transfer->run);
        raiseAccess(transfer->target, dims, transfer->run);
        if (transfer->gather) raiseElements(*transfer->gather, dims);
      } else if (const auto* matrix = std::get_if<isa::Matrix>(&instruction.body)) {
        const isa::Dimensions dims = isa::dimensions(*matrix);
        for (const auto* access : {&matrix->a, &matrix->b, &matrix->c})
          raiseElements(*access, dims);
        if (matrix->bias) raiseElements(*matrix->bias, dims);
      } else if (const auto* pass = std::get_if<isa::VectorPass>(&instruction.body)) {
        const isa::Dimensions dims = isa::dimensions(*pass);
        for (const isa::VectorOperand& operand : pass->operands) {
          raiseElements(operand.access, dims);
        }
        raiseElements(pass->out.access, dims);
      }
    }
  }

  std::vector<std::int64_t> used_;
  isa::LoopCounts loops_;
};

std::vector<Storage> makeStorages(const ChipConfig& chip, const isa::Program& program,
                                  bool values) {
  const std::size_t buffers = chip.buffers.size();
  if (program.storages.size() != buffers + chip.memories.size()) {
    throw BadInput("the program uses " + std::to_string(program.storages.size()) +
                   " buffers and memories, chip '" + chip.name + "' has " +
                   std::to_string(buffers + chip.memories.size()) + "; compile it for this chip");
  }
  const UsedBytes used(program);
  std::vector<Storage> storages;
  for (std::size_t i = 0; i < program.storages.size(); ++i) {
    const isa::Storage& storage = program.storages[i];
    ensure(storage.onChip == (i < buffers), "storages are listed as buffers, then memories");
    storages.emplace_back(storage.name, storage.onChip, storage.capacityBytes,
                          values ? used[i] : 0);
  }
  return storages;
}

std::vector<std::unique_ptr<MemoryModel>> makeMemories(const ChipConfig& chip) {
  std::vector<std::unique_ptr<MemoryModel>> memories(chip.buffers.size());
  for (const MemoryConfig& memory : chip.memories) {
    memories.push_back(std::make_unique<DramModel>(memory));
  }
  return memories;
}

void add(ReadWrite& counter, std::int64_t read, std::int64_t written) {
  counter.read += read;
  counter.write += written;
}

}  // namespace

Machine::Machine(const ChipConfig& chipConfig, const isa::Program& theProgram, bool withValues)
    : chip(chipConfig),
      program(theProgram),
      values(withValues),
      clock(chip.clockMhz),
      storages(makeStorages(chip, program, values)),
      memories(makeMemories(chip)),
      semaphores(program),
      timeline(semaphores),
      layers(program.layers.size()) {
  if (chip.cores != 1) {
    throw NotPossible("chip '" + chip.name + "' has " + std::to_string(chip.cores) +
                      " cores; this version simulates one: set cores to 1");
  }
  for (const auto& queue : program.queues) {
    for (const isa::Instruction& instruction : queue) {
      const bool known =
          instruction.layer >= 0 && static_cast<std::size_t>(instruction.layer) < layers.size();
      const bool loops = std::holds_alternative<isa::Loop>(instruction.body) ||
                         std::holds_alternative<isa::EndLoop>(instruction.body);
      ensure(known || loops, "an instruction belongs to no layer");
    }
  }
}

void Machine::beginPrediction() {
  semaphores.reset();
  timeline.reset();
  std::fill(layers.begin(), layers.end(), LayerTally{});
  arrayTime = {};
  ledger = {};
  for (const auto& memory : memories) {
    if (memory) memory->beginPhase();
  }
}

std::int64_t Machine::transferUnit(isa::StorageId id) const {
  const MemoryModel* memory = memories[static_cast<std::size_t>(id)].get();
  if (!memory) return 1;
  const std::int64_t burst = memory->burstBytes();
  return roundUp(chip.dma.minBurstBytes, burst);
}

std::int64_t Machine::portCycles(isa::StorageId id, std::int64_t bytes) const {
  const auto index = static_cast<std::size_t>(id);
  ensure(index < chip.buffers.size(), "the array and the vector unit reach buffers only");
  if (chip.idealMemory) return 0;
  const BufferConfig& buffer = chip.buffers[index];
  const std::int64_t bytesPerCycle = buffer.banks * buffer.widthBytes * buffer.ports;
  return ceilDiv(bytes, bytesPerCycle);
}

void Machine::countBuffer(Counters& counters, isa::StorageId id, std::int64_t read,
                          std::int64_t written) const {
  const BufferConfig& buffer = chip.buffers[static_cast<std::size_t>(id)];
  add(counters.bufferBytes, read, written);
  if (buffer.holdsKind(Holds::Activations)) return;
  add(buffer.holdsKind(Holds::Weights) ? counters.weightBufferBytes : counters.accumulatorBytes,
      read, written);
}

}  // namespace npusim
