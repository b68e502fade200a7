#include "sim/config/host_memory.h"

#include <algorithm>

namespace npusim {
namespace {

/// More than any network needs, far from overflow.
constexpr std::int64_t kUnlimitedBytes = std::int64_t{1} << 46;

bool isNamed(const ChipConfig& chip, const std::string& name) {
  return std::ranges::find(chip.buffers, name, &BufferConfig::name) != chip.buffers.end() ||
         std::ranges::find(chip.memories, name, &MemoryConfig::name) != chip.memories.end();
}

}  // namespace

void linkHostMemory(ChipConfig& chip) {
  const auto memory = std::ranges::find(chip.memories, MemoryKind::Host, &MemoryConfig::kind);
  if (memory == chip.memories.end()) return;
  memory->holds = {Holds::Weights};
  memory->capacityBytes = kUnlimitedBytes;
  memory->bandwidthGbPerS = chip.host.bandwidthGbPerS;
  memory->latencyNs = chip.host.latencyUs * 1e3;
  memory->energyPjPerBit = chip.host.energyPjPerBit;
}

ChipConfig withHostMemory(ChipConfig chip) {
  const auto holdsWeights = [](const MemoryConfig& memory) {
    return memory.holdsKind(Holds::Weights);
  };
  if (std::ranges::find(chip.memories, MemoryKind::Host, &MemoryConfig::kind) !=
      chip.memories.end()) {
    return chip;
  }
  const bool ownCores = chip.cores > 1 && chip.coreControl == CoreControl::Own;
  if (ownCores && std::ranges::none_of(chip.memories, holdsWeights)) chip.keepWeights = true;
  MemoryConfig memory;
  memory.kind = MemoryKind::Host;
  for (memory.name = "host"; isNamed(chip, memory.name);) memory.name += "_memory";
  chip.memories.push_back(memory);
  linkHostMemory(chip);
  return chip;
}

}  // namespace npusim
