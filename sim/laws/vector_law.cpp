#include "sim/laws/vector_law.h"

#include <algorithm>
#include <cmath>

#include "sim/core/rounding.h"

namespace npusim {
namespace {

/// Cycles a lane spends on one element's steps: their sum, or the slowest when pipelined.
double chainCycles(const VectorConfig& vector, const std::array<std::int64_t, 3>& steps,
                   bool pipelined) {
  double cycles = 0;
  for (std::size_t kind = 0; kind < steps.size(); ++kind) {
    if (steps[kind] == 0) continue;
    const double one = 1 / vector.opsPerCycle[kind];
    cycles = pipelined ? std::max(cycles, one) : cycles + one * static_cast<double>(steps[kind]);
  }
  return cycles;
}

}  // namespace

std::int64_t vectorCycles(const VectorConfig& vector, const VectorShape& shape) {
  const auto groups = [&](std::int64_t count) {
    return static_cast<double>(ceilDiv(count, vector.lanes));
  };
  const bool pipelined = shape.afterArray && vector.inlineAfterArray;
  const double pre = chainCycles(vector, shape.preSteps, pipelined);
  const double post = chainCycles(vector, shape.postSteps, pipelined);
  double cycles = 0;
  if (shape.reduces) {
    cycles = groups(shape.elements) * std::max(1.0, pre) + groups(shape.outputs) * post;
  } else {
    cycles = groups(shape.elements) * std::max(1.0, pipelined ? std::max(pre, post) : pre + post);
  }
  return static_cast<std::int64_t>(std::ceil(cycles));
}

}  // namespace npusim
