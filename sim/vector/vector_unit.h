#pragma once

#include <cstdint>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/laws/vector_law.h"
#include "sim/memory/storage.h"
#include "sim/vector/vector_tile.h"

namespace npusim {

/// What a pass costs and moves.
struct VectorCost {
  std::int64_t cycles = 0;
  std::int64_t macs = 0;  ///< a sum of products with a second operand
  std::int64_t simpleOps = 0, divideOps = 0, transcendentalOps = 0;
  std::vector<std::int64_t> operandBytes;  ///< read, one an operand
  std::int64_t outBytes = 0;               ///< written
};

/// Cycles by sim/laws; operations are steps times elements, an accumulation counting as one simple
/// operation. An operand that stays the same over the innermost dimensions is read once for them.
VectorCost vectorCost(const VectorConfig& vector, const VectorTile& tile);

/// Executes a pass on the values in `storages`, lane by lane as documented at isa::VectorPass. All
/// arithmetic is fp32, one rounding an operation: a quantised operand is float(q - zeroPoint) *
/// scale, a quantised result saturate(rne(x / scale) + zeroPoint). A pass over integers and Bool
/// without scaling, whose steps all have an integer form, computes in int64 instead, or in uint64
/// where any of them is; any other pass that reads or writes fp64 computes in fp64.
void executePass(const VectorTile& tile, std::vector<Storage>& storages);

}  // namespace npusim
