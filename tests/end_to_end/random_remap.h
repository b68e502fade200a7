#pragma once

#include "tests/end_to_end/random.h"
#include "workloads/graph/graph.h"

namespace npusim::end_to_end {

/// A Remap of a value of that shape: each axis whole, sliced forwards or backwards, padded by
/// filling, reflecting or repeating the edge, each index repeated, tiled, or gathered at will.
Remap randomRemap(Random& random, const Shape& shape);

}  // namespace npusim::end_to_end
