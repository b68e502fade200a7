#pragma once

#include <cstdint>
#include <vector>

#include "kernels/plan/plan.h"

namespace npusim::partition {

/// A dimension that is cut into equal parts of `part` positions (the last may be shorter), one for
/// each of some cores.
struct Cut {
  int dim = 0;
  std::int64_t part = 1;
  bool operator==(const Cut&) const = default;
};

/// How many parts a cut makes.
std::int64_t partsOf(const plan::Task& task, const Cut& cut);

/// Cores that a task dealt by these cuts needs.
std::int64_t coresOf(const plan::Task& task, const std::vector<Cut>& cuts);

/// Deals a task: splits the cuts' dimensions, whose digits of the core's number change ever faster
/// from the first cut to the last.
void split(plan::Task& task, const std::vector<Cut>& cuts);

}  // namespace npusim::partition
