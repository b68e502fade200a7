#include <algorithm>
#include <limits>
#include <optional>

#include "kernels/matrix/matrix.h"
#include "kernels/pipeline/life.h"
#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/shortages.h"

namespace npusim::passes {
namespace {

using plan::Block;
using plan::BlockId;

constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max() / 2;

std::string noMemory(const Block& block) {
  return "not supported: a chip without a memory that holds " +
         std::string(block.kind == Block::Kind::Weights ? "weights" : "activations") + " ('" +
         block.name + "' has no place); give it one with memory.preset";
}

bool inMemory(const Block& block) { return block.firstTask >= 0 && !isOnChip(block); }

const std::vector<isa::StorageId>& memoriesFor(const plan::StorageMap& storages,
                                               const Block& block) {
  return block.kind == Block::Kind::Weights ? storages.weightMemories : storages.activationMemories;
}

/// By block: the bytes that tasks touch for each byte of room and each task that it is taken for.
std::vector<double> usesOfRoom(const plan::Plan& plan) {
  std::vector<double> uses(plan.blocks.size(), 0);
  const auto touch = [&](const plan::Task& task, const plan::Operand& operand) {
    const plan::ByteRange range = plan::footprint(task, operand);
    const Block& block = plan.block(operand.block);
    const Life life = lifeOf(plan, block);
    uses[static_cast<std::size_t>(operand.block)] += static_cast<double>(range.last - range.first) /
                                                     static_cast<double>(block.bytes) /
                                                     (life.last - life.first + 1);
  };
  for (const plan::Task& task : plan.tasks) {
    for (const plan::Operand& operand : task.operands) touch(task, operand);
    touch(task, task.output);
  }
  return uses;
}

/// Blocks that lie in memory in the order in which they choose one. What the host can hold chooses
/// behind what it cannot.
std::vector<BlockId> inOrder(const plan::Plan& plan, const plan::StorageMap& storages) {
  std::vector<BlockId> ids;
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    if (inMemory(plan.blocks[b])) ids.push_back(static_cast<BlockId>(b));
  }
  if (storages.weightMemories.size() < 2 && storages.activationMemories.size() < 2) return ids;
  const std::vector<double> uses = usesOfRoom(plan);
  std::ranges::stable_sort(ids, [&](BlockId x, BlockId y) {
    return uses[static_cast<std::size_t>(x)] > uses[static_cast<std::size_t>(y)];
  });
  if (storages.hostMemory < 0) return ids;
  std::stable_partition(ids.begin(), ids.end(),
                        [&](BlockId id) { return plan.block(id).kind != Block::Kind::Weights; });
  return ids;
}

std::vector<std::int64_t> capacitiesOf(const plan::StorageMap& storages) {
  std::vector<std::int64_t> capacities;
  for (const isa::Storage& storage : storages.storages) {
    capacities.push_back(storage.capacityBytes);
  }
  return capacities;
}

/// Gives every block an address in the first of its memories that has room for it; in the last one
/// if none has. Returns the bytes that each storage then needs. Throws NotPossible where a block
/// has none at all.
std::vector<std::int64_t> placeAll(plan::Plan& plan, const plan::StorageMap& storages,
                                   const std::vector<std::int64_t>& capacities) {
  std::vector<std::int64_t> needed(capacities.size(), 0);
  std::vector<IntervalAllocator> rooms(capacities.size(), IntervalAllocator(kUnlimited));
  for (const BlockId id : inOrder(plan, storages)) {
    Block& block = plan.block(id);
    const Life life = lifeOf(plan, block);
    const std::vector<isa::StorageId>& memories = memoriesFor(storages, block);
    if (memories.empty()) throw NotPossible(noMemory(block));
    for (const isa::StorageId memory : memories) {
      const auto at = static_cast<std::size_t>(memory);
      const std::int64_t address = *rooms[at].place(block.memoryBytes(), life);
      const std::int64_t end = address + block.memoryBytes();
      if (end > capacities[at] && memory != memories.back()) {
        rooms[at].remove(address, life);
        continue;
      }
      block.storage = memory;
      block.address = address;
      needed[at] = std::max(needed[at], end);
      break;
    }
  }
  return needed;
}

/// Are capacities smaller than what is needed? They are as large then.
bool grow(std::vector<std::int64_t>& capacities, const std::vector<std::int64_t>& needed) {
  bool more = false;
  for (std::size_t s = 0; s < needed.size(); ++s) {
    more = more || needed[s] > capacities[s];
    capacities[s] = std::max(capacities[s], needed[s]);
  }
  return more;
}

/// Blocks in memories without compression are never coded.
void leaveRaw(plan::Plan& plan, const ChipConfig& chip) {
  for (Block& block : plan.blocks) {
    if (!inMemory(block)) continue;
    const auto memory = static_cast<std::size_t>(block.storage) - chip.buffers.size();
    block.raw = block.raw || chip.memories.at(memory).compression == Compression::None;
  }
}

/// "the network", and what of it lies in memories that are large enough.
std::string theNetwork(const plan::StorageMap& storages, const std::vector<std::int64_t>& needed) {
  std::string beside;
  for (std::size_t s = 0; s < needed.size(); ++s) {
    const isa::Storage& storage = storages.storages[s];
    if (needed[s] == 0 || needed[s] > storage.capacityBytes) continue;
    beside += (beside.empty() ? ", beside " : " and ") + std::to_string(needed[s]) + " bytes in '" +
              storage.name + "'";
  }
  return "the network" + beside + (beside.empty() ? "" : ",");
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

void chooseMemories(plan::Plan& plan, const plan::StorageMap& storages) {
  placeAll(plan, storages, capacitiesOf(storages));
}

void placeInMemory(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip) {
  // Again with what was missing added, until that is enough.
  std::vector<std::int64_t> capacities = capacitiesOf(storages), needed;
  do {
    needed = placeAll(plan, storages, capacities);
  } while (grow(capacities, needed));
  leaveRaw(plan, chip);
  Shortages shortages(chip, storages);
  const std::string who = theNetwork(storages, needed);
  for (std::size_t s = 0; s < needed.size(); ++s) {
    shortages.note(static_cast<isa::StorageId>(s), needed[s], who);
  }
  shortages.check();
}

}  // namespace npusim::passes
