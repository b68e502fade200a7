#include "kernels/plan/storage_map.h"

namespace npusim::plan {
namespace {

/// Capacity under --memory ideal: more than any network needs, far from overflow.
constexpr std::int64_t kUnlimitedBytes = std::int64_t{1} << 46;

template <typename Configs>
std::vector<isa::StorageId> thatHold(const Configs& configs, Holds kind, std::size_t base) {
  std::vector<isa::StorageId> ids;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    if (configs[i].holdsKind(kind)) ids.push_back(static_cast<isa::StorageId>(base + i));
  }
  return ids;
}

isa::StorageId first(const std::vector<isa::StorageId>& ids) {
  return ids.empty() ? -1 : ids.front();
}

}  // namespace

StorageMap::StorageMap(const ChipConfig& chip) {
  for (const BufferConfig& buffer : chip.buffers) {
    storages.push_back(
        {buffer.name, chip.idealMemory ? kUnlimitedBytes : buffer.capacityBytes, true});
  }
  for (const MemoryConfig& memory : chip.memories) {
    if (memory.kind == MemoryKind::Host) hostMemory = static_cast<isa::StorageId>(storages.size());
    storages.push_back(
        {memory.name, chip.idealMemory ? kUnlimitedBytes : memory.capacityBytes, false});
  }
  weightBuffer = first(thatHold(chip.buffers, Holds::Weights, 0));
  activationBuffer = first(thatHold(chip.buffers, Holds::Activations, 0));
  accumulators = first(thatHold(chip.buffers, Holds::Accumulators, 0));
  weightMemories = thatHold(chip.memories, Holds::Weights, chip.buffers.size());
  activationMemories = thatHold(chip.memories, Holds::Activations, chip.buffers.size());
  weightMemory = first(weightMemories);
  activationMemory = first(activationMemories);
}

}  // namespace npusim::plan
