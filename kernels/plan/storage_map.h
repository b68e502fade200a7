#pragma once

#include <cstdint>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/isa/program.h"

namespace npusim::plan {

/// Which storage of a chip plays which part. Storages are numbered buffers first, then memories;
/// -1 where the chip has none.
struct StorageMap {
  isa::StorageId weightBuffer = -1, activationBuffer = -1, accumulators = -1;
  /// Memories that may hold weights, activations, in the order of the chip file: nearest first.
  std::vector<isa::StorageId> weightMemories, activationMemories;
  /// The first of them.
  isa::StorageId weightMemory = -1, activationMemory = -1;
  isa::StorageId hostMemory = -1;  ///< the one of the weightMemories that is the host's
  std::vector<isa::Storage> storages;

  explicit StorageMap(const ChipConfig& chip);
  std::int64_t capacity(isa::StorageId id) const {
    return storages.at(static_cast<std::size_t>(id)).capacityBytes;
  }
};

}  // namespace npusim::plan
