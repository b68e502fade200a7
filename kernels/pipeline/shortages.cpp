#include "kernels/pipeline/shortages.h"

#include <numeric>

#include "sim/core/error.h"
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
  std::string needs, settings;
  for (const auto& [id, need] : largest_) {
    const isa::Storage& storage = storages_.storages[static_cast<std::size_t>(id)];
    needs += (needs.empty() ? "" : ", ") + need.who + " needs " + std::to_string(need.bytes) +
             " bytes of '" + storage.name + "', which has " + std::to_string(storage.capacityBytes);
    settings += " --set " + capacityKey(chip_, id) + "=" +
                std::to_string(leastCapacity(chip_, id, need.bytes));
  }
  throw NotPossible("does not fit this chip: " + needs + "; try" + settings);
}

}  // namespace npusim::passes
