#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "kernels/plan/storage_map.h"
#include "sim/config/chip_config.h"
#include "sim/core/error.h"

namespace npusim::passes {

/// What a network needs of a chip's storages, at the least.
using Capacities = std::map<isa::StorageId, std::int64_t>;

/// The settings that give a chip such storages: " --set buffer.capacity_kib=267 --set ...".
std::string settingsFor(const ChipConfig& chip, const Capacities& needed);
/// The chip with such storages.
ChipConfig enlarged(ChipConfig chip, const Capacities& needed);

/// A network does not fit; the message ends with the settings for what is needed.
struct TooSmall : NotPossible {
  TooSmall(const ChipConfig& chip, std::string needs, Capacities capacities);
  std::string needs;  ///< the message without the settings
  Capacities capacities;
};

/// What a plan needs more of than the chip has: the largest need of each storage.
class Shortages {
 public:
  Shortages(const ChipConfig& chip, const plan::StorageMap& storages)
      : chip_(chip), storages_(storages) {}

  /// `who` needs `bytes` of a storage at once; nothing is noted when it has them.
  void note(isa::StorageId storage, std::int64_t bytes, const std::string& who);

  bool empty() const { return largest_.empty(); }

  /// Throws TooSmall when there are any: who needs how much of what, and the settings of the
  /// smallest capacities that are enough.
  void check() const;

 private:
  struct Need {
    std::int64_t bytes = 0;
    std::string who;
  };

  const ChipConfig& chip_;
  const plan::StorageMap& storages_;
  std::map<isa::StorageId, Need> largest_;
};

/// The key of a storage's capacity in a chip file, entries of lists counted from 1:
/// "buffer.capacity_kib", "memories.1.capacity_mib".
std::string capacityKey(const ChipConfig& chip, isa::StorageId storage);

}  // namespace npusim::passes
