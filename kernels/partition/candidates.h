#pragma once

#include <vector>

#include "kernels/partition/partition.h"
#include "kernels/partition/split.h"

namespace npusim::partition {

/// Ways to deal a task to at most so many cores, each worth a try: one dimension or two, of those
/// that `partition` names; of all where it names none of the task's.
std::vector<std::vector<Cut>> candidates(const plan::Plan& plan, const plan::Task& task,
                                         const ChipConfig& chip, Partition partition,
                                         std::int64_t cores);

}  // namespace npusim::partition
