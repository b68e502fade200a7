#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/config/dataflow.h"
#include "sim/core/array_cost.h"
#include "sim/core/error.h"

namespace npusim {

/// The three lists of loops that a product flattens. List g has the extents kLoopBegins[g] up to
/// kLoopBegins[g + 1] of a MatrixShape.
enum LoopGroup : int { kM, kN, kK };
constexpr std::size_t kLoopBegins[] = {0, 3, 4, 7};

constexpr LoopGroup groupOf(LoopDim dim) {
  switch (dim) {
    case LoopDim::B:
    case LoopDim::OY:
    case LoopDim::OX:
      return kM;
    case LoopDim::K:
      return kN;
    case LoopDim::FY:
    case LoopDim::FX:
    case LoopDim::C:
      return kK;
  }
  throw InternalError("unknown loop");
}

/// The list that runs along neither axis of the array.
constexpr LoopGroup otherGroup(LoopGroup rows, LoopGroup cols) {
  return static_cast<LoopGroup>(kM + kN + kK - rows - cols);
}

/// Positions of the innermost `innerLoops` loops of a list.
constexpr std::int64_t extentOf(const MatrixShape& shape, LoopGroup group, std::size_t innerLoops) {
  std::int64_t extent = 1;
  const std::size_t end = kLoopBegins[group + 1];
  for (std::size_t d = end - innerLoops; d < end; ++d) extent *= shape.extents[d];
  return extent;
}

}  // namespace npusim
