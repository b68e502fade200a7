#pragma once

#include <compare>
#include <vector>

#include "kernels/emit/placement.h"

namespace npusim::emit {

/// A task, or a loop as a whole.
struct Place {
  bool loop = false;
  int index = 0;                                   ///< of Plan::tasks or Plan::repeats
  auto operator<=>(const Place&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// One engine's part of a place waits, each time it begins, until another's part of an earlier one
/// has ended; `carried`: has ended in the pass before of the loop that both are in.
struct Link {
  Place from;
  isa::Engine fromEngine{};
  Place to;
  isa::Engine toEngine{};
  bool carried = false;
  auto operator<=>(const Link&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// What keeps tasks that touch the same bytes in order, in every pass of the loops around them:
/// each link at the outermost place that does not hold the other end too.
std::vector<Link> links(const plan::Plan& plan, const std::vector<PlacedTask>& tasks);

}  // namespace npusim::emit
