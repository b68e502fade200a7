#pragma once

#include <vector>

#include "kernels/partition/partition.h"
#include "kernels/partition/split.h"

namespace npusim::partition {

/// How many cores a task may be dealt to.
struct Cores {
  std::int64_t count = 1;
  bool all = false;  ///< each of them, a power of two, runs it, if only on an empty part
};

/// Does `partition` name a dimension of a task that can be dealt?
bool canFollow(const plan::Plan& plan, const plan::Task& task, Partition partition);

/// Ways to deal a task, each worth a try: along one dimension or two, of those that `partition`
/// names; of all where it names none of the task's.
std::vector<std::vector<CoreCut>> candidates(const plan::Plan& plan, const plan::Task& task,
                                             const ChipConfig& chip, Partition partition,
                                             const Cores& cores);

}  // namespace npusim::partition
