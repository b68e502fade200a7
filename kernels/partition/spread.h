#pragma once

#include "kernels/plan/plan.h"

namespace npusim::partition {

/// Deals `bytes` in equal runs to cores one after the other.
isa::Distribution evenly(std::int64_t bytes, std::int64_t cores);

/// Deals a block so that the cores of a dealt task find what they have of an operand in their own
/// buffers, as far as chunks of at least `leastChunk` bytes can say that; evenly otherwise.
isa::Distribution spreadFor(const plan::Task& task, const plan::Operand& operand,
                            std::int64_t bytes, std::int64_t cores, std::int64_t leastChunk);

}  // namespace npusim::partition
