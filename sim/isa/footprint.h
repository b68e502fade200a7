#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/isa/program.h"

namespace npusim::isa {

/// Iteration counts of the loops open around an instruction, outermost first.
using LoopCounts = std::vector<std::int64_t>;

/// The dimensions of an instruction in the order of its accesses' strides.
using Dimensions = std::vector<const Extent*>;
Dimensions dimensions(const Transfer& transfer);
Dimensions dimensions(const Matrix& matrix);  ///< m0 m1 m2 n k0 k1 k2
Dimensions dimensions(const VectorPass& pass);

/// Closed interval of integers.
struct Interval {
  std::int64_t low = 0, high = 0;
  bool operator==(const Interval&) const = default;
};

/// Passes of the loop at `depth` (which must be open) since the outermost loop was entered.
std::int64_t passes(const LoopCounts& loops, int depth);

/// Different values that the index of a term, or its pass number modulo `modulo`, takes.
std::int64_t termPositions(const LoopTerm& term, const LoopCounts& loops);

/// Smallest and largest value over all iterations of the loops, each term for itself: exact for
/// terms of different loops without modulo, else possibly too wide. A term whose loop is not open
/// counts as 0.
Interval range(const std::vector<LoopTerm>& terms, const LoopCounts& loops);
Interval range(const Extent& extent, const LoopCounts& loops);

/// The bound's coordinate over all iterations and all positions of boxes up to `largest` (one
/// extent a dimension). May be too wide where extents shrink with the loops.
Interval coordinates(const Bound& bound, const std::vector<std::int64_t>& largest,
                     const LoopCounts& loops);

/// Bytes [first, end) of a storage; empty when first == end.
struct Footprint {
  std::int64_t first = 0, end = 0;
  bool empty() const { return first == end; }
  bool overlaps(const Footprint& other) const {
    return std::max(first, other.first) < std::min(end, other.end);
  }
  bool operator==(const Footprint&) const = default;
};

/// Smallest byte range that holds everything `access` touches in one execution, at these loop
/// indices: `run` contiguous bytes at every position of `dims` inside the access's bounds. Exact,
/// but for bounds over more than 65536 positions, which are looked at near their ends only.
Footprint footprintAt(const Access& access, const Dimensions& dims, const Extent& run,
                      const LoopIndices& indices);

/// The same over all iterations of the loops, in closed form: bounds are ignored and ragged last
/// passes counted as full, so it may be too wide, never too narrow.
Footprint enclosingFootprint(const Access& access, const Dimensions& dims, const Extent& run,
                             const LoopCounts& loops);

/// The same by looking at the iterations of all loops on which extents or bounds depend (their
/// first and last ones only, when they are too many). Slots of multiple buffers count as
/// independent of these loops.
Footprint visitedFootprint(const Access& access, const Dimensions& dims, const Extent& run,
                           const LoopCounts& loops);

}  // namespace npusim::isa
