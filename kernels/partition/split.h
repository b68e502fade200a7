#pragma once

#include <cstdint>
#include <vector>

#include "kernels/plan/plan.h"

namespace npusim::partition {

/// A dimension that is cut into `parts` equal parts of `part` positions, one for each of some
/// cores; the last ones may be shorter, or empty.
struct CoreCut {
  int dim = 0;
  std::int64_t part = 1;
  std::int64_t parts = 1;
  bool operator==(const CoreCut&) const = default;
};

/// Cores that a task dealt by these cuts needs.
std::int64_t coresOf(const std::vector<CoreCut>& cuts);

/// Deals a task: splits the cuts' dimensions, whose digits of the core's number change ever faster
/// from the first cut to the last.
void split(plan::Task& task, const std::vector<CoreCut>& cuts);

}  // namespace npusim::partition
