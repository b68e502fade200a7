#include "kernels/pipeline/room.h"

#include <algorithm>

#include "kernels/mapping/mapping.h"

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
                                 mapping::Objective::Latency};
  std::vector<std::int64_t> room;
  for (const plan::Task& task : plan.tasks) {
    room.push_back(mapping::smallest(context, task).bytesIn(storages.activationBuffer));
  }
  return room;
}

}  // namespace

Room::Room(const plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip)
    : capacity_(storages.capacity(storages.activationBuffer)),
      used_(leastRoom(plan, storages, chip)) {
  const auto share = static_cast<std::int64_t>(static_cast<double>(capacity_) * kTileShare);
  std::int64_t weights = 0;  // that are kept in the same buffer
  for (const Block& block : plan.blocks) {
    const bool besideThem = storages.weightBuffer == storages.activationBuffer;
    if (besideThem && block.kind == Block::Kind::Weights) weights += mapping::aligned(block.share);
  }
  for (std::int64_t& bytes : used_) bytes = std::max(bytes, share) + weights;
}

bool Room::take(const Block& block, std::int64_t bytes) {
  const std::int64_t needed = mapping::aligned(bytes);
  const auto first = used_.begin() + block.firstTask;
  const auto last = used_.begin() + block.lastTask + 1;
  const bool fits =
      std::all_of(first, last, [&](std::int64_t used) { return used + needed <= capacity_; });
  if (fits) std::for_each(first, last, [&](std::int64_t& used) { used += needed; });
  return fits;
}

std::vector<plan::BlockId> byLife(const plan::Plan& plan) {
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

}  // namespace npusim::passes
