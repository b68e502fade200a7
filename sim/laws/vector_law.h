#pragma once

#include <cstdint>

#include "sim/config/chip_config.h"
#include "sim/core/element_op.h"

namespace npusim {

/// A pass of the vector unit in numbers: how many elements enter, how many leave, and what each
/// costs. Step counts are by ElementCost.
struct VectorShape {
  std::int64_t elements = 0;  ///< positions of all dimensions
  std::int64_t outputs = 0;   ///< positions of the dimensions that are not reduced
  std::array<std::int64_t, 3> preSteps{};
  std::array<std::int64_t, 3> postSteps{};
  bool reduces = false;
  bool afterArray = false;
};

/// Core cycles: ceil(elements / lanes) x the cost of the steps before the reduction (at least one
/// cycle to read; the reduction's add or compare fuses with the last of them) plus
/// ceil(outputs / lanes) x the cost of the steps after it. Behind the array with
/// `inlineAfterArray` a chain is pipelined and costs its slowest step only.
std::int64_t vectorCycles(const VectorConfig& vector, const VectorShape& shape);

}  // namespace npusim
