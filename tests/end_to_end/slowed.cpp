#include "tests/end_to_end/slowed.h"

#include <algorithm>
#include <utility>

namespace npusim::end_to_end {
namespace {

/// A copy within free memory that takes a DMA engine long and touches nothing else.
isa::Instruction delay(const isa::Program& program, const isa::Instruction& delayed) {
  constexpr std::int64_t kFree = 1 << 24;  // small networks use less of a memory
  const auto memory = std::ranges::find(program.storages, false, &isa::Storage::onChip);
  isa::Transfer transfer;
  transfer.run = {1 << 13, 0, {}};
  transfer.source.storage = transfer.target.storage =
      static_cast<isa::StorageId>(memory - program.storages.begin());
  transfer.source.address.base = kFree;
  transfer.target.address.base = 2 * kFree;
  transfer.source.type = transfer.target.type = DataType::Int8;
  return {transfer, delayed.layer, {}, {}, delayed.cores};
}

void delayTransfers(isa::Program& program, isa::Engine engine) {
  if (std::ranges::find(program.storages, false, &isa::Storage::onChip) == program.storages.end()) {
    return;  // without a memory there is nothing slow to copy in
  }
  std::vector<isa::Instruction>& queue = program.queue(engine);
  std::vector<isa::Instruction> delayed;
  for (const isa::Instruction& instruction : queue) {
    if (!instruction.waits.empty()) {  // between having waited and doing
      delayed.push_back({isa::Sync{}, instruction.layer, instruction.waits, {}, instruction.cores});
    }
    if (std::holds_alternative<isa::Transfer>(instruction.body)) {
      delayed.push_back(delay(program, instruction));
    }
    delayed.push_back(instruction);
    delayed.back().waits.clear();
  }
  queue = std::move(delayed);
}

/// Few MACs a cycle, or, where a PE does several at once, a store that hands out single bits: the
/// number of products that a PE adds before the others' is part of the values' order.
void slowArray(ArrayConfig& array) {
  for (auto& [format, rate] : array.macsPerCycle) {
    if (rate <= 1) rate = 0.001;
  }
  for (OperandStoreConfig* store :
       {&array.localStore.weights, &array.localStore.inputs, &array.localStore.outputs}) {
    store->wordBits = 1;
    store->ports = 1;
  }
}

}  // namespace

Slowed slowed(isa::Program program, ChipConfig chip, unsigned engines) {
  for (int e = 0; e < isa::kEngineCount; ++e) {
    if ((engines >> e & 1U) == 0) continue;
    switch (static_cast<isa::Engine>(e)) {
      case isa::Engine::Matrix:
        slowArray(chip.array);
        break;
      case isa::Engine::Vector:
        chip.vector.opsPerCycle = {0.001, 0.001, 0.001};
        break;
      default:
        delayTransfers(program, static_cast<isa::Engine>(e));
    }
  }
  return {std::move(program), std::move(chip)};
}

}  // namespace npusim::end_to_end
