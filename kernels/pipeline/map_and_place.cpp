#include <algorithm>
#include <map>
#include <numeric>
#include <string>

#include "kernels/matrix/matrix.h"
#include "kernels/pipeline/interval_allocator.h"
#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

using emit::PlacedTask;
using mapping::Mapping;
using mapping::Slot;
using plan::Block;
using plan::Task;

/// A task whose pieces find no place gets this part of the buffer less at a time.
constexpr std::int64_t kSqueezeSteps = 16;

/// Tasks that look alike get the same mapping: everything that the search reads of a task.
std::string signature(const plan::Plan& plan, const Task& task,
                      const std::vector<std::int64_t>& freeBytes) {
  std::string key;
  const auto add = [&](std::int64_t number) { key += std::to_string(number) + ","; };
  for (const plan::Dimension& dim : task.dims) add(dim.tileable ? dim.extent : -dim.extent);
  const auto addOperand = [&](const plan::Operand& operand) {
    const Block& block = plan.block(operand.block);
    key += block.resident ? "r" : block.kind == Block::Kind::Weights ? "w" : "a";
    add(static_cast<std::int64_t>(operand.type));
    for (const plan::Axis& axis : operand.axes) {
      add(axis.extent);
      add(axis.stride);
      add(axis.offset);
      for (const std::int64_t c : axis.coefficients) add(c);
    }
  };
  for (const plan::Operand& operand : task.operands) addOperand(operand);
  addOperand(task.output);
  if (const auto* work = std::get_if<plan::MatrixWork>(&task.work)) {
    key += "m";
    for (const isa::VectorStep& step : work->steps) add(static_cast<std::int64_t>(step.op));
  } else if (const auto* vector = std::get_if<plan::VectorWork>(&task.work)) {
    for (const plan::Pass& pass : vector->passes) {
      key += "p";
      for (const auto* steps : {&pass.pre, &pass.post}) {
        for (const isa::VectorStep& step : *steps) add(static_cast<std::int64_t>(step.op));
      }
    }
  }
  for (const std::int64_t bytes : freeBytes) add(bytes);
  return key;
}

class Placer {
 public:
  Placer(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
         Objective objective)
      : plan_(plan),
        storages_(storages),
        chip_(chip),
        objective_(objective),
        squeezed_(plan.tasks.size(), 0) {}

  std::vector<PlacedTask> run() {
    for (;;) {
      mapAll();
      const std::optional<int> stuck = placeAll();
      if (!stuck) break;
      makeRoom(*stuck);
    }
    placeMemories();
    return std::move(placed_);
  }

 private:
  std::vector<std::int64_t> freeBytes(int task) const {
    std::vector<std::int64_t> free;
    for (const isa::Storage& storage : storages_.storages) free.push_back(storage.capacityBytes);
    auto& buffer = free[static_cast<std::size_t>(storages_.activationBuffer)];
    buffer -= squeezed_[static_cast<std::size_t>(task)];
    for (const Block& block : plan_.blocks) {
      if (block.resident && block.firstTask <= task && task <= block.lastTask)
        buffer -= mapping::aligned(block.bytes);
    }
    return free;
  }

  void mapAll() {
    placed_.clear();
    for (std::size_t t = 0; t < plan_.tasks.size(); ++t) {
      const std::vector<std::int64_t> free = freeBytes(static_cast<int>(t));
      const std::string key = signature(plan_, plan_.tasks[t], free);
      auto found = known_.find(key);
      if (found == known_.end()) found = known_.emplace(key, mapOne(t, free)).first;
      PlacedTask placed;
      placed.task = &plan_.tasks[t];
      placed.mapping = found->second;
      placed_.push_back(std::move(placed));
    }
  }

  Mapping mapOne(std::size_t t, const std::vector<std::int64_t>& free) const {
    const mapping::Context context{chip_, storages_, plan_, free, objective_};
    std::optional<Mapping> best = mapping::search(context, plan_.tasks[t]);
    if (best) return std::move(*best);
    throw NotPossible(doesNotFit(context, plan_.tasks[t]));
  }

  std::string doesNotFit(const mapping::Context& context, const Task& task) const {
    const Mapping least = mapping::smallest(context, task);
    const std::string& layer = plan_.layers[static_cast<std::size_t>(task.layer)].name;
    for (std::size_t s = 0; s < storages_.storages.size(); ++s) {
      const std::int64_t needed = least.bytesIn(static_cast<isa::StorageId>(s));
      const isa::Storage& storage = storages_.storages[s];
      if (needed <= context.freeBytes[s]) continue;
      const std::int64_t wanted = storage.capacityBytes + needed - context.freeBytes[s];
      const std::string key = s == 0 ? "buffer" : "buffers." + std::to_string(s - 1);
      return "layer '" + layer + "' does not fit: its smallest tiles need " +
             std::to_string(needed) + " bytes of " + storage.name + ", " +
             std::to_string(std::max<std::int64_t>(0, context.freeBytes[s])) + " of " +
             std::to_string(storage.capacityBytes) + " are free; try --set " + key +
             ".capacity_kib=" + std::to_string((wanted + 1023) / 1024);
    }
    return "layer '" + layer + "' does not fit this chip's buffers together; enlarge them";
  }

  /// Addresses of everything on chip; the first task whose pieces found no place, if any.
  std::optional<int> placeAll() {
    std::vector<IntervalAllocator> onChip;
    for (const isa::Storage& storage : storages_.storages)
      onChip.emplace_back(storage.capacityBytes);
    for (Block& block : plan_.blocks) {
      if (!block.resident || block.firstTask < 0) continue;
      block.storage = storages_.activationBuffer;
    }
    for (const plan::BlockId id : residentBySize()) {
      Block& block = plan_.block(id);
      const auto at = onChip[static_cast<std::size_t>(block.storage)].place(
          block.bytes, block.firstTask, block.lastTask);
      if (!at) return block.firstTask;
      block.address = *at;
    }
    for (std::size_t t = 0; t < placed_.size(); ++t) {
      if (!placeSlots(onChip, placed_[t], static_cast<int>(t))) return static_cast<int>(t);
    }
    return std::nullopt;
  }

  std::vector<plan::BlockId> residentBySize() const {
    std::vector<plan::BlockId> ids;
    for (std::size_t b = 0; b < plan_.blocks.size(); ++b) {
      if (plan_.blocks[b].resident && plan_.blocks[b].firstTask >= 0) {
        ids.push_back(static_cast<plan::BlockId>(b));
      }
    }
    std::stable_sort(ids.begin(), ids.end(), [&](plan::BlockId x, plan::BlockId y) {
      return plan_.block(x).bytes > plan_.block(y).bytes;
    });
    return ids;
  }

  bool placeSlots(std::vector<IntervalAllocator>& onChip, PlacedTask& placed, int t) {
    const Mapping& m = placed.mapping;
    placed.operandAddress.assign(m.operands.size(), 0);
    placed.temporaryAddress.assign(m.temporaries.size(), 0);
    std::vector<std::pair<const Slot*, std::int64_t*>> slots;
    for (std::size_t i = 0; i < m.operands.size(); ++i) {
      slots.emplace_back(&m.operands[i], &placed.operandAddress[i]);
    }
    for (std::size_t i = 0; i < m.temporaries.size(); ++i) {
      slots.emplace_back(&m.temporaries[i], &placed.temporaryAddress[i]);
    }
    slots.emplace_back(&m.output, &placed.outputAddress);
    slots.emplace_back(&m.accumulators, &placed.accumulatorAddress);
    std::stable_sort(slots.begin(), slots.end(), [](const auto& x, const auto& y) {
      return x.first->total() > y.first->total();
    });
    for (const auto& [slot, address] : slots) {
      if (!slot->used()) continue;
      IntervalAllocator& storage = onChip[static_cast<std::size_t>(slot->storage)];
      // Apart from the slots of the task before, so that this task's loads can start under it.
      auto at = storage.place(slot->total(), t - 1, t);
      if (!at) at = storage.place(slot->total(), t, t);
      if (!at) return false;
      *address = *at;
    }
    return true;
  }

  /// Makes a task's pieces easier to place: its largest resident activation goes to memory, or
  /// without any its tiles get less room.
  void makeRoom(int task) {
    Block* largest = nullptr;
    for (Block& block : plan_.blocks) {
      const bool live = block.resident && block.firstTask <= task && task <= block.lastTask;
      if (live && (largest == nullptr || block.bytes > largest->bytes)) largest = &block;
    }
    const isa::Storage& buffer =
        storages_.storages[static_cast<std::size_t>(storages_.activationBuffer)];
    if (largest != nullptr && storages_.activationMemory >= 0) {
      largest->resident = false;
      return;
    }
    std::int64_t& squeezed = squeezed_[static_cast<std::size_t>(task)];
    squeezed += buffer.capacityBytes / kSqueezeSteps;
    if (squeezed < buffer.capacityBytes) return;
    const int layer = plan_.tasks[static_cast<std::size_t>(task)].layer;
    throw NotPossible("activations do not fit " + buffer.name + " (" +
                      std::to_string(buffer.capacityBytes) + " bytes) at layer '" +
                      plan_.layers[static_cast<std::size_t>(layer)].name +
                      "' and this chip has no memory for them; enlarge buffer.capacity_kib");
  }

  void placeMemories() {
    for (PlacedTask& placed : placed_) {
      if (!std::holds_alternative<plan::MatrixWork>(placed.task->work)) continue;
      Task& task = plan_.tasks[static_cast<std::size_t>(placed.task - plan_.tasks.data())];
      matrix::blockColumns(plan_, task, placed.mapping.tiling.tile[plan::N]);
    }
    std::vector<IntervalAllocator> memories;
    for (const isa::Storage& storage : storages_.storages)
      memories.emplace_back(storage.capacityBytes);
    const int last = static_cast<int>(plan_.tasks.size());
    for (Block& block : plan_.blocks) {
      if (block.resident || block.firstTask < 0) continue;
      const bool weights = block.kind == Block::Kind::Weights;
      block.storage = weights ? storages_.weightMemory : storages_.activationMemory;
      if (block.storage < 0) throw NotPossible(noMemory(block));
      auto& memory = memories[static_cast<std::size_t>(block.storage)];
      const auto at = weights || block.port
                          ? memory.place(block.bytes, 0, last)
                          : memory.place(block.bytes, block.firstTask, block.lastTask);
      if (!at) throw NotPossible(memoryFull(block));
      block.address = *at;
    }
  }

  static std::string noMemory(const Block& block) {
    return "not supported: a chip without a memory that holds " +
           std::string(block.kind == Block::Kind::Weights ? "weights" : "activations") + " ('" +
           block.name + "' has no place); give it one with memory.preset";
  }

  std::string memoryFull(const Block& full) const {
    std::int64_t needed = 0;
    for (const Block& block : plan_.blocks) {
      if (!block.resident && block.storage == full.storage) needed += block.bytes;
    }
    const isa::Storage& storage = storages_.storages[static_cast<std::size_t>(full.storage)];
    return "the network does not fit " + storage.name + ": it needs " + std::to_string(needed) +
           " bytes and more, there are " + std::to_string(storage.capacityBytes) +
           "; enlarge memory.capacity_mib to at least " +
           std::to_string((needed + (1 << 20) - 1) >> 20);
  }

  plan::Plan& plan_;
  const plan::StorageMap& storages_;
  const ChipConfig& chip_;
  Objective objective_;
  std::vector<std::int64_t> squeezed_;  ///< by task: room withheld because pieces did not fit
  std::map<std::string, Mapping> known_;
  std::vector<PlacedTask> placed_;
};

}  // namespace

std::vector<PlacedTask> mapAndPlace(plan::Plan& plan, const plan::StorageMap& storages,
                                    const ChipConfig& chip, Objective objective) {
  return Placer(plan, storages, chip, objective).run();
}

}  // namespace npusim::passes
