#include <algorithm>

#include "kernels/partition/spread.h"
#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/room.h"

namespace npusim::passes {
namespace {

using plan::Block;

/// The task that decides where the bytes of a block lie: the first that writes it, else the first
/// that reads it; with its operand.
std::pair<const plan::Task*, const plan::Operand*> keeper(const plan::Plan& plan,
                                                          plan::BlockId id) {
  for (const plan::Task& task : plan.tasks) {
    if (task.output.block == id) return {&task, &task.output};
  }
  for (const plan::Task& task : plan.tasks) {
    for (const plan::Operand& operand : task.operands) {
      if (operand.block == id) return {&task, &operand};
    }
  }
  return {nullptr, nullptr};
}

void spread(plan::Plan& plan, plan::BlockId id, const ChipConfig& chip) {
  Block& block = plan.block(id);
  const auto [task, operand] = keeper(plan, id);
  block.distribution = task == nullptr ? partition::evenly(block.bytes, plan.cores)
                                       : partition::spreadFor(*task, *operand, block.bytes,
                                                              plan.cores, chip.dma.minBurstBytes);
  block.share = block.distribution->shareOf(block.bytes);
}

/// Spreads activations that fit beside the tiles of the tasks they live through, where a memory
/// takes the others. Returns the bytes that every core has left during all tasks.
std::int64_t spreadWhatFits(plan::Plan& plan, const plan::StorageMap& storages,
                            const ChipConfig& chip) {
  Room room(plan, storages, chip);
  for (const plan::BlockId id : byLife(plan)) {
    spread(plan, id, chip);
    Block& block = plan.block(id);
    if (!room.take(block, block.share)) block.distribution.reset();
  }
  return room.always();
}

/// All that no memory holds.
void spreadAll(plan::Plan& plan, const ChipConfig& chip) {
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    const auto id = static_cast<plan::BlockId>(b);
    if (plan.block(id).kind == Block::Kind::Activation && plan.block(id).firstTask >= 0) {
      spread(plan, id, chip);
    }
  }
}

}  // namespace

void distribute(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                bool keepLoops) {
  for (Block& block : plan.blocks) {
    if (block.kind != Block::Kind::Weights || storages.weightMemory >= 0) continue;
    block.distribution = partition::evenly(block.bytes, plan.cores);
    block.share = block.distribution->shareOf(block.bytes);
  }
  const bool pipeline = !plan.stages.empty();
  const bool spreads = chip.idealMemory || storages.activationMemory < 0;
  const bool keeps =
      !chip.idealMemory && (chip.keepWeights || pipeline || storages.weightMemory < 0);
  // A byte of an activation that stays spares a memory its store and its loads, one of a weight
  // spares it a load in each prediction, and in a pipeline one an image.
  const bool weightsFirst = spreads || pipeline || storages.weightMemory < 0;
  if (keepLoops && !chip.idealMemory) {
    keepWeights(plan, storages, storages.capacity(storages.weightBuffer), true);
  }
  if (keeps && weightsFirst) keepWeights(plan, storages, storages.capacity(storages.weightBuffer));
  if (spreads) return spreadAll(plan, chip);
  const std::int64_t left = spreadWhatFits(plan, storages, chip);
  if (!keeps || weightsFirst) return;
  const bool beside = storages.weightBuffer == storages.activationBuffer;
  keepWeights(plan, storages, beside ? left : storages.capacity(storages.weightBuffer));
}

void addSpreadStorages(plan::Plan& plan, plan::StorageMap& storages) {
  for (Block& block : plan.blocks) {
    if (!block.distribution || block.firstTask < 0) continue;
    if (block.kind == Block::Kind::Weights) {
      // Packing has changed how many bytes there are.
      block.distribution->levels = partition::evenly(block.bytes, plan.cores).levels;
    }
    block.storage = static_cast<isa::StorageId>(storages.storages.size());
    storages.storages.push_back({block.name, block.bytes, true, block.distribution});
  }
}

}  // namespace npusim::passes
