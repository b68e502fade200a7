#include "kernels/plan/storage_map.h"

#include <algorithm>

namespace npusim::plan {
namespace {

/// Capacity under --memory ideal: more than any network needs, far from overflow.
constexpr std::int64_t kUnlimitedBytes = std::int64_t{1} << 46;

template <typename Configs>
isa::StorageId firstThatHolds(const Configs& configs, Holds kind, std::size_t base) {
  const auto found = std::find_if(configs.begin(), configs.end(),
                                  [&](const auto& config) { return config.holdsKind(kind); });
  if (found == configs.end()) return -1;
  return static_cast<isa::StorageId>(base + static_cast<std::size_t>(found - configs.begin()));
}

}  // namespace

StorageMap::StorageMap(const ChipConfig& chip) {
  for (const BufferConfig& buffer : chip.buffers) {
    storages.push_back(
        {buffer.name, chip.idealMemory ? kUnlimitedBytes : buffer.capacityBytes, true});
  }
  for (const MemoryConfig& memory : chip.memories) {
    storages.push_back(
        {memory.name, chip.idealMemory ? kUnlimitedBytes : memory.capacityBytes, false});
  }
  weightBuffer = firstThatHolds(chip.buffers, Holds::Weights, 0);
  activationBuffer = firstThatHolds(chip.buffers, Holds::Activations, 0);
  accumulators = firstThatHolds(chip.buffers, Holds::Accumulators, 0);
  weightMemory = firstThatHolds(chip.memories, Holds::Weights, chip.buffers.size());
  activationMemory = firstThatHolds(chip.memories, Holds::Activations, chip.buffers.size());
}

}  // namespace npusim::plan
