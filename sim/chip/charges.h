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
  std::int64_t cycles = 0;
  IdleCycles idle;
};

/// Whom the cycles of a prediction are charged to.
struct Charges {
  std::vector<Charge> layers;
  IdleCycles idle;                           ///< of all cores together
  std::int64_t simulatedIdle = 0;            ///< of them; the others are of passes left out
  std::int64_t leastIdle = 0, mostIdle = 0;  ///< of a core
};

/// Each cycle is charged to the layer whose turn (sim/chip/turns.h) is the oldest that some core
/// has not finished, and a core's idle cycles with it: in a loop of several layers what a layer
/// does in one pass is older than all that is done in the next. What is rounded off in the mean of
/// one layer counts in the next one's, so that the means sum to that of the whole. Stretches of
/// time that stand for more like them count as often (SteadyPasses::time()).
Charges chargeLayers(const Fabric& fabric);

}  // namespace npusim
