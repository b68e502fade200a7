#pragma once

#include <cstdint>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/array/pe/table.h"

namespace npusim {

/// The lowest and the highest byte address that an operand may have.
struct AddressRange {
  std::int64_t lowest = 0, highest = 0;
};

/// Where the operands of a tile lie in their buffers, as sums of tables: one PE asks every cycle.
class CachedAddresses {
 public:
  explicit CachedAddresses(const MatrixTile& tile);

  /// Whether A[m, k] lies outside A's bounds: no address, the padding value.
  bool isPadding(std::int64_t m, std::int64_t k) const {
    for (const Bound& bound : bounds_) {
      const std::int64_t coordinate = bound.rows[m] + bound.steps[k];
      if (coordinate < 0 || coordinate >= bound.limit) return true;
    }
    return false;
  }
  std::int64_t input(std::int64_t m, std::int64_t k) const {
    return inputRows_[m] + inputSteps_[k];
  }
  std::int64_t weight(std::int64_t n, std::int64_t k) const {
    return weightColumns_[n] + weightSteps_[k];
  }
  AddressRange inputs() const;
  AddressRange weights() const;

 private:
  struct Bound {
    Table<std::int64_t> rows, steps;
    std::int64_t limit;
  };

  std::vector<Bound> bounds_;
  Table<std::int64_t> inputRows_, inputSteps_, weightColumns_, weightSteps_;
};

}  // namespace npusim
