#include "kernels/pipeline/room.h"

#include <algorithm>

#include "kernels/mapping/mapping.h"

namespace npusim::passes {
namespace {

using plan::Block;

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

/// How often an operand comes back to the same byte: in every pass that does not move it on.
std::int64_t comingsBack(const plan::Plan& plan, const plan::Task& task,
                         const plan::Operand& operand) {
  std::int64_t times = plan.passesOf(task.repeat);
  for (const plan::PassStride& pass : operand.passes) {
    times /= pass.modulo > 0 ? std::min(pass.modulo, pass.passes) : pass.passes;
  }
  return std::max<std::int64_t>(1, times);
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

Room::Room(const plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
           double tileShare)
    : capacity_(storages.capacity(storages.activationBuffer)),
      used_(leastRoom(plan, storages, chip)) {
  const auto share = static_cast<std::int64_t>(static_cast<double>(capacity_) * tileShare);
  for (std::int64_t& bytes : used_) bytes = std::max(bytes, share);
  for (const Block& block : plan.blocks) {
    if (block.kind == Block::Kind::Held && block.storage == storages.activationBuffer) {
      add(block, mapping::aligned(block.bytes));
    }
  }
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
  if (fits) add(block, needed);
  return fits;
}

void Room::add(const Block& block, std::int64_t bytes) {
  std::for_each(used_.begin() + block.firstTask, used_.begin() + block.lastTask + 1,
                [&](std::int64_t& used) { used += bytes; });
}

std::int64_t Room::always() const {
  return capacity_ - (used_.empty() ? 0 : *std::max_element(used_.begin(), used_.end()));
}

std::vector<std::int64_t> comingsBack(const plan::Plan& plan) {
  std::vector<std::int64_t> most(plan.blocks.size(), 0);
  const auto touch = [&](const plan::Task& task, const plan::Operand& operand) {
    std::int64_t& times = most[static_cast<std::size_t>(operand.block)];
    times = std::max(times, comingsBack(plan, task, operand));
  };
  for (const plan::Task& task : plan.tasks) {
    for (const plan::Operand& operand : task.operands) touch(task, operand);
    touch(task, task.output);
  }
  return most;
}

std::vector<plan::BlockId> byLife(const plan::Plan& plan) {
  const std::vector<std::int64_t> times = comingsBack(plan);
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
    const auto timesOf = [&](plan::BlockId id) { return times[static_cast<std::size_t>(id)]; };
    if (timesOf(x) != timesOf(y)) return timesOf(x) > timesOf(y);
    if (life(x) != life(y)) return life(x) < life(y);
    return plan.block(x).bytes > plan.block(y).bytes;
  });
  return ids;
}

}  // namespace npusim::passes
