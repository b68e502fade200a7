#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/plan/plan.h"

namespace npusim::mapping {

/// Everything that the search for a mapping reads of a task and of the room it has, by storage:
/// tasks with the same signature get the same mapping.
std::string signature(const plan::Plan& plan, const plan::Task& task,
                      const std::vector<std::int64_t>& freeBytes);

}  // namespace npusim::mapping
