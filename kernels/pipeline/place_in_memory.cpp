#include <limits>

#include "kernels/matrix/matrix.h"
#include "kernels/pipeline/interval_allocator.h"
#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/shortages.h"

namespace npusim::passes {
namespace {

using plan::Block;

std::string noMemory(const Block& block) {
  return "not supported: a chip without a memory that holds " +
         std::string(block.kind == Block::Kind::Weights ? "weights" : "activations") + " ('" +
         block.name + "' has no place); give it one with memory.preset";
}

}  // namespace

void blockWeights(plan::Plan& plan, std::vector<emit::PlacedTask>& tasks) {
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    plan::Task& task = plan.tasks[t];
    const auto* work = std::get_if<plan::MatrixWork>(&task.work);
    if (work == nullptr) continue;
    mapping::Mapping& mapping = tasks[t].mapping;
    matrix::blockColumns(plan, task, mapping.tiling.tile[plan::N]);
    const auto b = static_cast<std::size_t>(work->b);
    Block& block = plan.block(task.operands[b].block);
    if (block.kept) block.keptPart = block.bytes / block.keptDigit.count;
    if (!task.dims.back().digit) continue;
    mapping::tileOf(task, task.operands[b], mapping.tiling, mapping.operandTiles[b]);
  }
}

void placeInMemory(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip) {
  // Without a limit, to know what would be enough.
  constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max() / 2;
  std::vector<IntervalAllocator> memories(storages.storages.size(), IntervalAllocator(kUnlimited));
  Shortages shortages(chip, storages);
  const int last = static_cast<int>(plan.tasks.size());
  for (Block& block : plan.blocks) {
    const bool onChip = block.resident || block.kept || block.distribution;
    if (onChip || block.firstTask < 0) continue;
    const bool weights = block.kind == Block::Kind::Weights;
    block.storage = weights ? storages.weightMemory : storages.activationMemory;
    if (block.storage < 0) throw NotPossible(noMemory(block));
    const bool always = weights || block.port;
    block.address = *memories[static_cast<std::size_t>(block.storage)].place(
        block.bytes, always ? 0 : block.firstTask, always ? last : block.lastTask);
    shortages.note(block.storage, block.address + block.bytes, "the network");
  }
  shortages.check();
}

}  // namespace npusim::passes
