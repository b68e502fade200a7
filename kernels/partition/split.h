#pragma once

#include <cstdint>
#include <vector>

#include "kernels/plan/plan.h"

namespace npusim::partition {

/// A dimension that is cut into `parts` equal parts of `part` positions, one for each of some
/// cores; the last ones may be shorter, or empty.
struct Cut {
  int dim = 0;
  std::int64_t part = 1;
  std::int64_t parts = 1;
  bool operator==(const Cut&) const = default;
};

/// Cores that a task dealt by these cuts needs.
std::int64_t coresOf(const std::vector<Cut>& cuts);

/// Deals a task: splits the cuts' dimensions, whose digits of the core's number change ever faster
/// from the first cut to the last.
void split(plan::Task& task, const std::vector<Cut>& cuts);

}  // namespace npusim::partition
