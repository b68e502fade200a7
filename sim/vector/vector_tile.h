#pragma once

#include <cstdint>
#include <vector>

#include "sim/isa/program.h"
#include "sim/memory/access.h"

namespace npusim {

struct ResolvedOperand {
  ResolvedAccess access;
  isa::Scaling scaling;
};

/// One vector pass with its loop indices filled in; its steps stay in the instruction.
struct VectorTile {
  const isa::VectorPass* pass = nullptr;
  std::vector<std::int64_t> extents;
  std::vector<ResolvedOperand> operands;
  ResolvedOperand out;

  /// Dimensions that are not reduced.
  std::size_t keptDims() const {
    return extents.size() - static_cast<std::size_t>(pass->reduceDims);
  }
  /// Positions of the first `dims` dimensions.
  std::int64_t positions(std::size_t dims) const {
    std::int64_t count = 1;
    for (std::size_t d = 0; d < dims; ++d) count *= extents[d];
    return count;
  }
  bool empty() const { return positions(extents.size()) == 0; }
};

}  // namespace npusim
