#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/config/chip_config.h"

namespace npusim {

/// Coordinates of one burst.
struct DramLocation {
  std::int64_t channel = 0, rank = 0, bankGroup = 0, bank = 0, row = 0, column = 0;
};

/// Splits burst numbers (address / burst bytes) into coordinates by the mapping text: fields ro ra
/// bg ba ch co from most to least significant. Fields of size 1 may be left out, and ra then
/// stands just above ba. Throws BadInput for a text that names a field twice, an unknown one, or
/// leaves out one that the memory has.
class AddressMap {
 public:
  explicit AddressMap(const MemoryConfig& memory);

  std::int64_t burstBytes() const { return burstBytes_; }
  /// Bursts in one row of one bank.
  std::int64_t columns() const { return columns_; }
  /// Consecutive bursts that lie in different banks or channels before a row's next column comes:
  /// the product of the fields below co.
  std::int64_t interleave() const { return interleave_; }

  DramLocation locate(std::int64_t burst) const;

 private:
  struct Field {
    std::int64_t DramLocation::*coordinate;
    std::int64_t size;
  };

  std::int64_t burstBytes_, columns_;
  std::int64_t interleave_ = 1;
  std::vector<Field> fields_;  ///< least significant first
};

}  // namespace npusim
