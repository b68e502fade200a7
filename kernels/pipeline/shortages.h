#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "kernels/plan/storage_map.h"
#include "sim/config/chip_config.h"
#include "sim/core/error.h"

namespace npusim::passes {

/// Stands for the chip's store for instructions where storages are named.
constexpr isa::StorageId kProgramStore = std::numeric_limits<isa::StorageId>::max();

/// Bytes of a storage that somebody needs at once.
struct Need {
  std::int64_t bytes = 0;
  std::string who;  ///< "layer 'conv1'"
};

/// What a network needs at the least of storages that are too small for it.
using Needs = std::map<isa::StorageId, Need>;

/// Adds the needs of `more`; of one storage the larger counts.
void add(Needs& needs, const Needs& more);

/// "does not fit this chip: " and who needs how much of what, and what there is.
std::string shortageText(const ChipConfig& chip, const Needs& needs);

/// The smallest settings that give a chip what is needed: " --set buffer.capacity_kib=267 ...".
std::string settingsFor(const ChipConfig& chip, const Needs& needs);

/// The chip with these settings.
ChipConfig enlarged(ChipConfig chip, const Needs& needs);

/// A network does not fit; the message ends with the settings for what is needed.
struct TooSmall : NotPossible {
  TooSmall(const ChipConfig& chip, Needs all);
  Needs needs;
};

/// What a plan needs more of than the chip has: the largest need of each storage.
class Shortages {
 public:
  Shortages(const ChipConfig& chip, const plan::StorageMap& storages)
      : chip_(chip), storages_(storages) {}

  /// `who` needs `bytes` of a storage at once; nothing is noted when it has them.
  void note(isa::StorageId storage, std::int64_t bytes, const std::string& who);

  bool empty() const { return needs_.empty(); }

  /// Throws TooSmall when there are any.
  void check() const;

 private:
  const ChipConfig& chip_;
  const plan::StorageMap& storages_;
  Needs needs_;
};

}  // namespace npusim::passes
