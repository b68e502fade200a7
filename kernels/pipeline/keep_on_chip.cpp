#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/room.h"

namespace npusim::passes {

using plan::Block;

void keepOnChip(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                bool keepLoops, double tileShare) {
  if (plan.cores > 1) return distribute(plan, storages, chip, keepLoops);
  if (chip.idealMemory || storages.activationMemory < 0) {
    for (Block& block : plan.blocks) block.resident = block.kind != Block::Kind::Weights;
    return;
  }
  Room room(plan, storages, chip, tileShare);
  for (const plan::BlockId id : byLife(plan)) {
    Block& block = plan.block(id);
    block.resident = room.take(block, block.bytes);
  }
}

}  // namespace npusim::passes
