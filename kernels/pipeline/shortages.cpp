#include "kernels/pipeline/shortages.h"

#include <numeric>

#include "sim/core/rounding.h"

namespace npusim::passes {
namespace {

constexpr std::int64_t kKib = 1 << 10;
constexpr std::int64_t kMib = 1 << 20;

/// The smallest capacity of a storage that a chip file can give, in the unit of its key, that holds
/// so many bytes. A memory has whole rows in all its banks.
std::int64_t leastCapacity(const ChipConfig& chip, isa::StorageId storage, std::int64_t bytes) {
  const auto index = static_cast<std::size_t>(storage);
  if (index < chip.buffers.size()) return ceilDiv(bytes, kKib);
  const MemoryConfig& memory = chip.memories.at(index - chip.buffers.size());
  const std::int64_t rows =
      memory.channels * memory.ranks * memory.bankGroups * memory.banksPerGroup * memory.rowBytes;
  return roundUp(bytes, std::lcm(kMib, rows)) / kMib;
}

}  // namespace

std::string capacityKey(const ChipConfig& chip, isa::StorageId storage) {
  const auto index = static_cast<std::size_t>(storage);
  const bool buffer = index < chip.buffers.size();
  const std::size_t number = buffer ? index : index - chip.buffers.size();
  const std::string unit = buffer ? ".capacity_kib" : ".capacity_mib";
  if (number == 0) return (buffer ? "buffer" : "memory") + unit;
  return (buffer ? "buffers." : "memories.") + std::to_string(number) + unit;
}

void Shortages::note(isa::StorageId storage, std::int64_t bytes, const std::string& who) {
  if (bytes <= storages_.capacity(storage)) return;
  Need& need = largest_[storage];
  if (bytes > need.bytes) need = {bytes, who};
}

void Shortages::check() const {
  if (largest_.empty()) return;
  std::string needs;
  Capacities capacities;
  for (const auto& [id, need] : largest_) {
    const isa::Storage& storage = storages_.storages[static_cast<std::size_t>(id)];
    needs += (needs.empty() ? "" : ", ") + need.who + " needs " + std::to_string(need.bytes) +
             " bytes of '" + storage.name + "', which has " + std::to_string(storage.capacityBytes);
    capacities[id] = need.bytes;
  }
  throw TooSmall(chip_, "does not fit this chip: " + needs, capacities);
}

std::string settingsFor(const ChipConfig& chip, const Capacities& needed) {
  std::string settings;
  for (const auto& [id, bytes] : needed) {
    settings +=
        " --set " + capacityKey(chip, id) + "=" + std::to_string(leastCapacity(chip, id, bytes));
  }
  return settings;
}

ChipConfig enlarged(ChipConfig chip, const Capacities& needed) {
  for (const auto& [id, bytes] : needed) {
    const auto index = static_cast<std::size_t>(id);
    if (index < chip.buffers.size()) {
      chip.buffers[index].capacityBytes = leastCapacity(chip, id, bytes) * kKib;
    } else {
      chip.memories[index - chip.buffers.size()].capacityBytes =
          leastCapacity(chip, id, bytes) * kMib;
    }
  }
  return chip;
}

TooSmall::TooSmall(const ChipConfig& chip, std::string text, Capacities all)
    : NotPossible(text + "; try" + settingsFor(chip, all)),
      needs(std::move(text)),
      capacities(std::move(all)) {}

}  // namespace npusim::passes
