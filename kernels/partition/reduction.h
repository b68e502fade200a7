#pragma once

#include <vector>

#include "kernels/partition/split.h"

namespace npusim::partition {

/// A product over input channels that are dealt to cores: partial products, and their sum in the
/// order of the cores, on which the product's bias and steps run.
struct Reduction {
  plan::Task products, sum;
};

/// May the products of a task be summed so? In fp32 sums only: the vector unit adds in fp32, which
/// whole numbers of 32 bits may not survive.
bool mayReduce(const plan::Plan& plan, const plan::Task& task);

/// Cuts of a task with about `parts` of its input channels, and the rest of so many cores along
/// columns and rows.
std::vector<std::vector<CoreCut>> reducingCuts(const plan::Task& task, std::int64_t cores);

/// Both tasks; `partials` is the block between them, of the bytes that partialBytes() says.
Reduction reduction(const plan::Task& task, const std::vector<CoreCut>& cuts,
                    plan::BlockId partials);
std::int64_t partialBytes(const plan::Task& task, const std::vector<CoreCut>& cuts);

/// Puts the two in the place of task `index`, which gets a layer for its sum.
void replace(plan::Plan& plan, std::size_t index, Reduction tasks);

}  // namespace npusim::partition
