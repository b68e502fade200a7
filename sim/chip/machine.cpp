#include "sim/chip/machine.h"

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

std::vector<Storage> makeBuffers(const Fabric& fabric) {
  std::vector<Storage> buffers;
  for (std::size_t i = 0; i < fabric.chip.buffers.size(); ++i) {
    const isa::Storage& storage = fabric.program.storages[i];
    buffers.emplace_back(storage.name, true, storage.capacityBytes, fabric.backedBytes[i]);
  }
  return buffers;
}

void add(ReadWrite& counter, std::int64_t read, std::int64_t written) {
  counter.read += read;
  counter.write += written;
}

}  // namespace

Machine::Machine(Fabric& theFabric, std::int64_t number)
    : fabric(theFabric),
      core(number),
      chip(fabric.chip),
      program(fabric.program),
      values(fabric.values),
      clock(fabric.clock),
      ledger(fabric.ledger),
      storages(makeBuffers(fabric)),
      semaphores(fabric.semaphores, fabric.collectives, core),
      timeline(semaphores) {}

void Machine::beginPrediction() {
  semaphores.reset();
  timeline.reset();
  arrayTime = {};
  fillCycles = 0;
}

std::int64_t Machine::transferUnit(isa::StorageId id) const {
  const MemoryModel* memory = fabric.memories[static_cast<std::size_t>(id)].get();
  if (!memory) return 1;
  const std::int64_t burst = memory->burstBytes();
  return roundUp(chip.dma.minBurstBytes, burst);
}

void Machine::countBuffer(Counters& counters, isa::StorageId id, std::int64_t read,
                          std::int64_t written) const {
  const BufferConfig& buffer = chip.buffers[static_cast<std::size_t>(id)];
  add(counters.bufferBytes, read, written);
  if (buffer.holdsKind(Holds::Activations)) return;
  add(buffer.holdsKind(Holds::Weights) ? counters.weightBufferBytes : counters.accumulatorBytes,
      read, written);
}

ArraySums sumArrays(const Fabric& fabric) {
  ArraySums sums;
  for (const auto& core : fabric.cores) {
    sums.time += core->arrayTime;
    sums.fillCycles += core->fillCycles;
  }
  return sums;
}

}  // namespace npusim
