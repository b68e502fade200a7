#pragma once

#include <cstdint>
#include <span>

namespace npusim {

/// One PE at the end of one cycle.
struct PeCycle {
  bool works = false;  ///< it did a step of multiply-accumulates in this cycle
  /// The products of the step: row of A, column of B, and the first of its positions along k.
  std::int64_t m = -1, n = -1, k = -1;
  double weight = 0, input = 0;  ///< operands of the step's last product
  double sum = 0;                ///< the partial sum that the step leaves
};

/// Sees the array cycle by cycle.
class ArrayObserver {
 public:
  virtual ~ArrayObserver() = default;

  /// The state at the end of cycle `cycle` of the instruction, 0 first; `pes` row by row.
  virtual void onCycle(std::int64_t cycle, std::span<const PeCycle> pes) = 0;
};

}  // namespace npusim
