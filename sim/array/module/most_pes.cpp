#include "sim/array/module/most_pes.h"

#include <string>

#include "sim/core/error.h"

namespace npusim {

void refuseMorePes(const ArrayConfig& array) {
  const std::int64_t pes = array.rows * array.cols;
  if (pes <= kMostModulePes) return;
  throw NotPossible("fidelity module simulates at most " + std::to_string(kMostModulePes) +
                    " PEs, the array has " + std::to_string(array.rows) + " x " +
                    std::to_string(array.cols) + " = " + std::to_string(pes) +
                    "; set array.rows and array.cols, for example to 32, or use --fidelity pe");
}

}  // namespace npusim
