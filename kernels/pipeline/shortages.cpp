#include "kernels/pipeline/shortages.h"

#include <numeric>

#include "sim/core/rounding.h"

namespace npusim::passes {
namespace {

constexpr std::int64_t kKib = 1 << 10;
constexpr std::int64_t kMib = 1 << 20;

/// A storage as a chip file has it.
struct Store {
  std::string name;
  std::string key;         ///< of its capacity, entries of lists counted from 1
  std::int64_t bytes = 0;  ///< what there is
  std::int64_t unit = 1;   ///< of the key, in bytes
  std::int64_t whole = 1;  ///< the capacity is a multiple of so many bytes
};

std::string keyOf(const std::string& first, const std::string& list, std::size_t number,
                  const std::string& key) {
  return (number == 0 ? first : list + "." + std::to_string(number)) + "." + key;
}

/// A memory has whole rows in all its banks.
std::int64_t allRows(const MemoryConfig& memory) {
  return memory.channels * memory.ranks * memory.bankGroups * memory.banksPerGroup *
         memory.rowBytes;
}

Store storeOf(const ChipConfig& chip, isa::StorageId id) {
  if (id == kProgramStore) {
    return {"the store for instructions", "program_kib", chip.programKib * kKib, kKib, kKib};
  }
  const auto index = static_cast<std::size_t>(id);
  if (index < chip.buffers.size()) {
    const BufferConfig& buffer = chip.buffers[index];
    return {"'" + buffer.name + "'", keyOf("buffer", "buffers", index, "capacity_kib"),
            buffer.capacityBytes, kKib, kKib};
  }
  const std::size_t number = index - chip.buffers.size();
  const MemoryConfig& memory = chip.memories.at(number);
  return {"'" + memory.name + "'", keyOf("memory", "memories", number, "capacity_mib"),
          memory.capacityBytes, kMib, std::lcm(kMib, allRows(memory))};
}

/// The smallest capacity that the chip file can give and that is enough.
std::int64_t leastCapacity(const Store& store, std::int64_t bytes) {
  return roundUp(bytes, store.whole);
}

}  // namespace

void add(Needs& needs, const Needs& more) {
  for (const auto& [id, need] : more) {
    if (need.bytes > needs[id].bytes) needs[id] = need;
  }
}

std::string shortageText(const ChipConfig& chip, const Needs& needs) {
  std::string text;
  for (const auto& [id, need] : needs) {
    const Store store = storeOf(chip, id);
    text += (text.empty() ? "does not fit this chip: " : ", ") + need.who + " needs " +
            std::to_string(need.bytes) + " bytes of " + store.name + ", which has " +
            std::to_string(store.bytes);
  }
  return text;
}

std::string settingsFor(const ChipConfig& chip, const Needs& needs) {
  std::string settings;
  for (const auto& [id, need] : needs) {
    const Store store = storeOf(chip, id);
    settings +=
        " --set " + store.key + "=" + std::to_string(leastCapacity(store, need.bytes) / store.unit);
  }
  return settings;
}

ChipConfig enlarged(ChipConfig chip, const Needs& needs) {
  for (const auto& [id, need] : needs) {
    const std::int64_t bytes = leastCapacity(storeOf(chip, id), need.bytes);
    const auto index = static_cast<std::size_t>(id);
    if (id == kProgramStore) {
      chip.programKib = bytes / kKib;
    } else if (index < chip.buffers.size()) {
      chip.buffers[index].capacityBytes = bytes;
    } else {
      chip.memories[index - chip.buffers.size()].capacityBytes = bytes;
    }
  }
  return chip;
}

TooSmall::TooSmall(const ChipConfig& chip, Needs all)
    : NotPossible(shortageText(chip, all) + "; try" + settingsFor(chip, all)),
      needs(std::move(all)) {}

void Shortages::note(isa::StorageId storage, std::int64_t bytes, const std::string& who) {
  if (bytes > storages_.capacity(storage)) add(needs_, {{storage, {bytes, who}}});
}

void Shortages::check() const {
  if (!needs_.empty()) throw TooSmall(chip_, needs_);
}

}  // namespace npusim::passes
