#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/chip/fabric.h"
#include "sim/chip/timeline.h"

namespace npusim {

/// Cycles by what an array waited for.
class IdleCycles {
 public:
  std::int64_t& operator[](IdleCause cause) { return cycles_[static_cast<std::size_t>(cause)]; }
  std::int64_t operator[](IdleCause cause) const {
    return cycles_[static_cast<std::size_t>(cause)];
  }
  std::int64_t total() const;

  IdleCycles& operator+=(const IdleCycles& other);
  /// What is left of the division stays in `rest`, which is added before.
  IdleCycles dividedBy(std::int64_t count, IdleCycles& rest) const;

 private:
  std::array<std::int64_t, kIdleCauses> cycles_{};
};

/// The cycles that are charged to one layer, and the arrays' idle ones among them: mean of cores.
struct Charge {
  std::int64_t begin = 0, end = 0;
  IdleCycles idle;
};

/// Whom the cycles of a prediction are charged to.
struct Charges {
  std::vector<Charge> layers;
  IdleCycles idle;                           ///< of all cores together
  std::int64_t leastIdle = 0, mostIdle = 0;  ///< of a core
};

/// Each cycle is charged to the oldest layer that some core has not finished, and a core's idle
/// cycles with it. What is rounded off in the mean of one layer counts in the next one's, so that
/// the means sum to that of the whole.
Charges chargeLayers(const Fabric& fabric);

}  // namespace npusim
