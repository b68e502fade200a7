#include <algorithm>

#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

using plan::Block;

/// Share of the activation buffer that tiles may count on when activations are kept, beyond what
/// they need at least.
constexpr double kTileShare = 0.25;

/// Bytes of the activation buffer that a task needs at the very least.
std::vector<std::int64_t> leastRoom(const plan::Plan& plan, const plan::StorageMap& storages,
                                    const ChipConfig& chip) {
  const mapping::Context context{chip, storages, plan,
                                 std::vector<std::int64_t>(storages.storages.size(), 0),
                                 Objective::Latency};
  std::vector<std::int64_t> room;
  for (const plan::Task& task : plan.tasks) {
    room.push_back(mapping::smallest(context, task).bytesIn(storages.activationBuffer));
  }
  return room;
}

/// Blocks in the order in which they are offered a place: shortest life first, then largest.
std::vector<plan::BlockId> candidates(const plan::Plan& plan) {
  std::vector<plan::BlockId> ids;
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    const Block& block = plan.blocks[b];
    if (block.kind != Block::Kind::Activation || block.port || block.firstTask < 0) continue;
    ids.push_back(static_cast<plan::BlockId>(b));
  }
  std::stable_sort(ids.begin(), ids.end(), [&](plan::BlockId x, plan::BlockId y) {
    const auto life = [&](plan::BlockId id) {
      return plan.block(id).lastTask - plan.block(id).firstTask;
    };
    if (life(x) != life(y)) return life(x) < life(y);
    return plan.block(x).bytes > plan.block(y).bytes;
  });
  return ids;
}

}  // namespace

void keepOnChip(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip) {
  if (chip.idealMemory || storages.activationMemory < 0) {
    for (Block& block : plan.blocks) block.resident = block.kind == Block::Kind::Activation;
    return;
  }
  const std::int64_t capacity = storages.capacity(storages.activationBuffer);
  const auto share = static_cast<std::int64_t>(static_cast<double>(capacity) * kTileShare);
  std::vector<std::int64_t> used = leastRoom(plan, storages, chip);
  for (std::int64_t& bytes : used) bytes = std::max(bytes, share);
  for (const plan::BlockId id : candidates(plan)) {
    Block& block = plan.block(id);
    const auto first = used.begin() + block.firstTask;
    const auto last = used.begin() + block.lastTask + 1;
    block.resident = std::all_of(
        first, last, [&](std::int64_t u) { return u + mapping::aligned(block.bytes) <= capacity; });
    if (!block.resident) continue;
    std::for_each(first, last, [&](std::int64_t& u) { u += mapping::aligned(block.bytes); });
  }
}

}  // namespace npusim::passes
