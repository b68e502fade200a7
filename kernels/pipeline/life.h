#pragma once

#include "kernels/pipeline/interval_allocator.h"
#include "kernels/plan/plan.h"

namespace npusim::passes {

/// Does a block stay in the cores' buffers for its whole life?
inline bool isOnChip(const plan::Block& block) {
  return block.resident || block.kept || block.distribution.has_value();
}

/// When and where a block takes its room: constants, and ports in memory, for the whole run; kept
/// constants in the cores that keep them.
inline Life lifeOf(const plan::Plan& plan, const plan::Block& block) {
  const bool constant = block.kind == plan::Block::Kind::Weights;
  if (!constant && (isOnChip(block) || !block.port)) return {block.firstTask, block.lastTask};
  return {0, static_cast<int>(plan.tasks.size()), block.kept ? block.keptCores : isa::CoreRange{}};
}

}  // namespace npusim::passes
