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

/// Bytes of the weights in the buffer of the core that has most of them.
std::int64_t mostKept(const plan::Plan& plan) {
  std::vector<std::int64_t> bytes(static_cast<std::size_t>(plan.cores), 0);
  for (const Block& block : plan.blocks) {
    if (block.kind != Block::Kind::Weights) continue;
    const isa::CoreRange cores = block.kept ? block.keptCores : isa::CoreRange{};
    for (std::size_t core = 0; core < bytes.size(); ++core) {
      if (cores.contains(static_cast<std::int64_t>(core))) {
        bytes[core] += mapping::aligned(block.share);
      }
    }
  }
  return *std::max_element(bytes.begin(), bytes.end());
}

}  // namespace

Room::Room(const plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip)
    : capacity_(storages.capacity(storages.activationBuffer)),
      used_(leastRoom(plan, storages, chip)) {
  const auto share = static_cast<std::int64_t>(static_cast<double>(capacity_) * kTileShare);
  for (std::int64_t& bytes : used_) bytes = std::max(bytes, share);
  if (storages.weightBuffer != storages.activationBuffer) return;
  // A spread activation takes room in all cores: beside the weights of those that keep the most.
  const std::int64_t weights = mostKept(plan);
  for (std::int64_t& bytes : used_) bytes += weights;
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

std::int64_t Room::always() const {
  return capacity_ - (used_.empty() ? 0 : *std::max_element(used_.begin(), used_.end()));
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
