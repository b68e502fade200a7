#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "kernels/mapping/task_signature.h"
#include "kernels/matrix/matrix.h"
#include "kernels/partition/spread.h"
#include "kernels/pipeline/life.h"
#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/shortages.h"

namespace npusim::passes {
namespace {

using emit::PlacedTask;
using mapping::Mapping;
using mapping::Slot;
using plan::Block;

/// A task whose pieces find no place gets this part of the buffer less at a time.
constexpr std::int64_t kSqueezeSteps = 16;

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
      if (!mapAll() || weightsGrow()) continue;
      const std::optional<Stuck> stuck = placeAll();
      if (!stuck) return std::move(placed_);
      makeRoom(*stuck);
    }
  }

 private:
  /// A task whose pieces found no place.
  struct Stuck {
    int task = 0;
    bool resident = false;  ///< the piece is an activation that stays on chip, not a tile
  };

  /// What activations that stay on chip leave for a task's tiles, by storage; below 0 when they do
  /// not fit themselves.
  std::vector<std::int64_t> freeBytes(int task) const {
    std::vector<std::int64_t> free;
    for (const isa::Storage& storage : storages_.storages) free.push_back(storage.capacityBytes);
    for (const Block& block : plan_.blocks) {
      if (!staysAt(block, task)) continue;
      free[static_cast<std::size_t>(bufferOf(block))] -= mapping::aligned(localBytes(block));
    }
    return free;
  }

  bool isConstant(const Block& block) const { return block.kind == Block::Kind::Weights; }

  /// Is the block on chip, in a core of a task or spread over several, during it?
  bool staysAt(const Block& block, int task) const {
    if (block.firstTask < 0 || !isOnChip(block)) return false;
    return lifeOf(plan_, block).meets({task, task, coresOf(task)});
  }

  const isa::CoreRange& coresOf(int task) const {
    return plan_.tasks[static_cast<std::size_t>(task)].cores;
  }

  isa::StorageId bufferOf(const Block& block) const {
    if (block.kind == Block::Kind::Held) return block.storage;
    return isConstant(block) ? storages_.weightBuffer : storages_.activationBuffer;
  }

  /// Bytes in the buffer of each core.
  static std::int64_t localBytes(const Block& block) {
    return block.distribution || block.kept ? block.share : block.bytes;
  }

  /// Maps all tasks. False when that takes another try, with fewer weights kept.
  bool mapAll() {
    placed_.clear();
    chooseMemories(plan_, storages_);
    Shortages shortages(chip_, storages_);
    for (std::size_t t = 0; t < plan_.tasks.size(); ++t) {
      const std::vector<std::int64_t> free = freeBytes(static_cast<int>(t));
      const std::optional<Mapping>& mapping = mapOne(t, free);
      PlacedTask placed;
      placed.task = &plan_.tasks[t];
      if (mapping) {
        placed.mapping = *mapping;
      } else {
        noteNeeds(t, free, shortages);
      }
      placed_.push_back(std::move(placed));
    }
    if (!shortages.empty() && releaseWeights()) return false;
    shortages.check();
    return true;
  }

  /// Lets the largest constant go that cores keep for themselves, if there is one.
  bool releaseWeights() {
    const auto largest = std::max_element(
        plan_.blocks.begin(), plan_.blocks.end(), [](const Block& x, const Block& y) {
          return (x.kept ? x.share : -1) < (y.kept ? y.share : -1);
        });
    if (largest == plan_.blocks.end() || !largest->kept) return false;
    largest->kept = false;
    largest->share = 0;
    if (storages_.weightMemory >= 0) return true;
    largest->distribution = partition::evenly(largest->bytes, plan_.cores);
    largest->share = largest->distribution->shareOf(largest->bytes);
    return true;
  }

  /// Weights in the cores' buffers take what they take as tiles are cut, padding included:
  /// notes it, and says whether that is more than was known.
  bool weightsGrow() {
    bool grow = false;
    for (std::size_t t = 0; t < plan_.tasks.size(); ++t) {
      const plan::Task& task = plan_.tasks[t];
      const auto* work = std::get_if<plan::MatrixWork>(&task.work);
      if (work == nullptr) continue;
      Block& block = plan_.block(task.operands[static_cast<std::size_t>(work->b)].block);
      if (!isConstant(block) || !(block.distribution || block.kept)) continue;
      const std::int64_t columns = placed_[t].mapping.tiling.tile[plan::N];
      const std::int64_t bytes = matrix::blockedBytes(plan_, task, columns);
      const std::int64_t share = block.kept ? bytes / block.keptDigit.count
                                            : partition::evenly(bytes, plan_.cores).shareOf(bytes);
      grow = grow || share > block.share;
      block.share = std::max(block.share, share);
    }
    return grow;
  }

  const std::optional<Mapping>& mapOne(std::size_t t, std::vector<std::int64_t> free) {
    free[static_cast<std::size_t>(storages_.activationBuffer)] -= squeezed_[t];
    const mapping::Context context{chip_, storages_, plan_, free, objective_};
    const std::string key = mapping::signature(plan_, plan_.tasks[t], free);
    auto found = known_.find(key);
    if (found == known_.end()) {
      found = known_.emplace(key, mapping::search(context, plan_.tasks[t])).first;
    }
    return found->second;
  }

  /// What a task without a mapping needs: its smallest tiles beside the activations that stay.
  void noteNeeds(std::size_t t, const std::vector<std::int64_t>& free, Shortages& shortages) const {
    const mapping::Context context{chip_, storages_, plan_, free, objective_};
    const Mapping least = mapping::smallest(context, plan_.tasks[t]);
    bool fits = true;
    for (std::size_t s = 0; s < free.size(); ++s) {
      const auto storage = static_cast<isa::StorageId>(s);
      const std::int64_t missing = least.bytesIn(storage) - free[s];
      fits = fits && missing <= 0;
      shortages.note(storage, storages_.capacity(storage) + missing, layerOf(static_cast<int>(t)));
    }
    if (fits) throw noRoom(static_cast<int>(t));
  }

  std::string layerOf(int task) const {
    const int layer = plan_.tasks[static_cast<std::size_t>(task)].layer;
    return "layer '" + plan_.layers[static_cast<std::size_t>(layer)].name + "'";
  }

  /// Pieces fit by their sizes but find no place side by side: a little more may be enough.
  TooSmall noRoom(int task) const {
    const isa::StorageId id = storages_.activationBuffer;
    const std::int64_t bytes = storages_.capacity(id) + storages_.capacity(id) / kSqueezeSteps + 1;
    return {chip_, {{id, {bytes, layerOf(task) + ", to find room side by side,"}}}};
  }

  /// Addresses of everything on chip; what found no place first, if anything.
  std::optional<Stuck> placeAll() {
    std::vector<IntervalAllocator> onChip;
    for (const isa::Storage& storage : storages_.storages)
      onChip.emplace_back(storage.capacityBytes);
    for (const plan::BlockId id : onChipBySize()) {
      Block& block = plan_.block(id);
      const isa::StorageId buffer = bufferOf(block);
      const auto at =
          onChip[static_cast<std::size_t>(buffer)].place(localBytes(block), lifeOf(plan_, block));
      if (!at) return Stuck{block.firstTask, true};
      if (block.distribution) {
        block.distribution->buffer = buffer;
        block.distribution->address = *at;
      } else {
        block.storage = buffer;
        block.address = *at;
      }
    }
    for (std::size_t t = 0; t < placed_.size();) {
      const std::size_t end = endOfLoop(t);
      const bool apart = placeApart(onChip, t, end);
      for (; t < end; ++t) {
        if (!apart && !placeSlots(onChip, placed_[t], static_cast<int>(t))) {
          return Stuck{static_cast<int>(t), false};
        }
      }
    }
    return std::nullopt;
  }

  /// One past the last of the tasks from `task` on that are in the same loop.
  std::size_t endOfLoop(std::size_t task) const {
    const auto isOutside = [&](const plan::Task& other) {
      return other.repeat != plan_.tasks[task].repeat;
    };
    const auto from = plan_.tasks.begin() + static_cast<std::ptrdiff_t>(task);
    return static_cast<std::size_t>(std::find_if(from, plan_.tasks.end(), isOutside) -
                                    plan_.tasks.begin());
  }

  /// Places the slots of a loop's tasks apart from all else in the loop, so that the loads of the
  /// next pass can start under this one. Places nothing where that takes more room than there is.
  bool placeApart(std::vector<IntervalAllocator>& onChip, std::size_t first, std::size_t end) {
    if (plan_.tasks[first].repeat < 0) return false;
    std::vector<IntervalAllocator> tried = onChip;
    for (std::size_t t = first; t < end; ++t) {
      const Life loop{static_cast<int>(first), static_cast<int>(end) - 1, placed_[t].task->cores};
      if (!placeSlots(tried, placed_[t], loop, loop)) return false;
    }
    onChip = std::move(tried);
    return true;
  }

  std::vector<plan::BlockId> onChipBySize() const {
    std::vector<plan::BlockId> ids;
    for (std::size_t b = 0; b < plan_.blocks.size(); ++b) {
      const Block& block = plan_.blocks[b];
      if (block.firstTask >= 0 && isOnChip(block)) ids.push_back(static_cast<plan::BlockId>(b));
    }
    std::stable_sort(ids.begin(), ids.end(), [&](plan::BlockId x, plan::BlockId y) {
      return localBytes(plan_.block(x)) > localBytes(plan_.block(y));
    });
    return ids;
  }

  /// A task's slots with where their addresses go, largest first.
  using SlotPlaces = std::vector<std::pair<const Slot*, std::int64_t*>>;

  static SlotPlaces slotsOf(PlacedTask& placed) {
    const Mapping& m = placed.mapping;
    placed.operandAddress.assign(m.operands.size(), 0);
    placed.temporaryAddress.assign(m.temporaries.size(), 0);
    SlotPlaces slots;
    for (std::size_t i = 0; i < m.operands.size(); ++i) {
      slots.emplace_back(&m.operands[i], &placed.operandAddress[i]);
    }
    for (std::size_t i = 0; i < m.temporaries.size(); ++i) {
      slots.emplace_back(&m.temporaries[i], &placed.temporaryAddress[i]);
    }
    if (!m.inPlace) slots.emplace_back(&m.output, &placed.outputAddress);
    slots.emplace_back(&m.accumulators, &placed.accumulatorAddress);
    std::erase_if(slots, [](const auto& slot) { return !slot.first->used(); });
    std::stable_sort(slots.begin(), slots.end(), [](const auto& x, const auto& y) {
      return x.first->total() > y.first->total();
    });
    return slots;
  }

  /// Places a task's slots apart from those of the task before, so that its loads can start under
  /// it, each one where that is possible; where that leaves gaps too small for the rest, none.
  static bool placeSlots(std::vector<IntervalAllocator>& onChip, PlacedTask& placed, int t) {
    const isa::CoreRange& cores = placed.task->cores;
    const Life alone{t, t, cores};
    return placeSlots(onChip, placed, {t - 1, t, cores}, alone) ||
           placeSlots(onChip, placed, alone, alone);
  }

  /// Each slot over the life `wanted`, where that finds no place over `least`. Leaves nothing
  /// placed when something finds none at all.
  static bool placeSlots(std::vector<IntervalAllocator>& onChip, PlacedTask& placed,
                         const Life& wanted, const Life& least) {
    const SlotPlaces slots = slotsOf(placed);
    std::vector<Life> lives;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const auto& [slot, address] = slots[i];
      IntervalAllocator& storage = onChip[static_cast<std::size_t>(slot->storage)];
      auto at = storage.place(slot->total(), wanted);
      lives.push_back(at ? wanted : least);
      if (!at) at = storage.place(slot->total(), least);
      if (!at) {
        for (std::size_t j = i; j-- > 0;) {
          onChip[static_cast<std::size_t>(slots[j].first->storage)].remove(*slots[j].second,
                                                                           lives[j]);
        }
        return false;
      }
      *address = *at;
    }
    if (placed.mapping.inPlace) placed.outputAddress = placed.accumulatorAddress;
    return true;
  }

  /// Makes a task's pieces easier to place: its largest resident activation goes to memory, or
  /// without one its tiles get less room.
  void makeRoom(const Stuck& stuck) {
    Block* largest = nullptr;
    for (Block& block : plan_.blocks) {
      const bool live = block.kind == Block::Kind::Activation && staysAt(block, stuck.task);
      const bool larger = largest == nullptr || localBytes(block) > localBytes(*largest);
      if (live && larger) largest = &block;
    }
    if (largest != nullptr && storages_.activationMemory >= 0) {
      largest->resident = false;
      largest->distribution.reset();
      return;
    }
    if (releaseWeights()) return;
    const std::int64_t capacity = storages_.capacity(storages_.activationBuffer);
    std::int64_t& squeezed = squeezed_[static_cast<std::size_t>(stuck.task)];
    squeezed += capacity / kSqueezeSteps;
    if (stuck.resident || squeezed >= capacity) throw noRoom(stuck.task);
  }

  plan::Plan& plan_;
  const plan::StorageMap& storages_;
  const ChipConfig& chip_;
  Objective objective_;
  std::vector<std::int64_t> squeezed_;  ///< by task: room withheld because pieces did not fit
  std::map<std::string, std::optional<Mapping>> known_;  ///< by signature; none: does not fit
  std::vector<PlacedTask> placed_;
};

}  // namespace

std::vector<PlacedTask> mapAndPlace(plan::Plan& plan, const plan::StorageMap& storages,
                                    const ChipConfig& chip, Objective objective) {
  return Placer(plan, storages, chip, objective).run();
}

}  // namespace npusim::passes
