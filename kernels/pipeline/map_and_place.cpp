#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "kernels/mapping/task_signature.h"
#include "kernels/matrix/matrix.h"
#include "kernels/partition/spread.h"
#include "kernels/pipeline/interval_allocator.h"
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

  /// Is the block on chip, in one core or spread over several, during a task?
  bool staysAt(const Block& block, int task) const {
    const bool stays = block.resident || block.kept || block.distribution;
    if (block.firstTask < 0 || !stays) return false;
    return isConstant(block) || (block.firstTask <= task && task <= block.lastTask);
  }

  isa::StorageId bufferOf(const Block& block) const {
    return isConstant(block) ? storages_.weightBuffer : storages_.activationBuffer;
  }

  /// Bytes in the buffer of each core.
  static std::int64_t localBytes(const Block& block) {
    return block.distribution || block.kept ? block.share : block.bytes;
  }

  /// Maps all tasks. False when that takes another try, with fewer weights kept.
  bool mapAll() {
    placed_.clear();
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
    if (fits) throw NotPossible(noRoom(static_cast<int>(t)));
  }

  std::string layerOf(int task) const {
    const int layer = plan_.tasks[static_cast<std::size_t>(task)].layer;
    return "layer '" + plan_.layers[static_cast<std::size_t>(layer)].name + "'";
  }

  std::string noRoom(int task) const {
    const isa::StorageId id = storages_.activationBuffer;
    return "does not fit this chip: activations find no room side by side in '" +
           storages_.storages[static_cast<std::size_t>(id)].name + "' (" +
           std::to_string(storages_.capacity(id)) + " bytes) at " + layerOf(task) +
           ", and no memory holds activations; enlarge " + capacityKey(chip_, id);
  }

  /// Addresses of everything on chip; what found no place first, if anything.
  std::optional<Stuck> placeAll() {
    std::vector<IntervalAllocator> onChip;
    for (const isa::Storage& storage : storages_.storages)
      onChip.emplace_back(storage.capacityBytes);
    const int last = static_cast<int>(plan_.tasks.size());
    for (const plan::BlockId id : onChipBySize()) {
      Block& block = plan_.block(id);
      const isa::StorageId buffer = bufferOf(block);
      const auto at = onChip[static_cast<std::size_t>(buffer)].place(
          localBytes(block), isConstant(block) ? 0 : block.firstTask,
          isConstant(block) ? last : block.lastTask);
      if (!at) return Stuck{block.firstTask, true};
      if (block.distribution) {
        block.distribution->buffer = buffer;
        block.distribution->address = *at;
      } else {
        block.storage = buffer;
        block.address = *at;
      }
    }
    for (std::size_t t = 0; t < placed_.size(); ++t) {
      if (!placeSlots(onChip, placed_[t], static_cast<int>(t))) {
        return Stuck{static_cast<int>(t), false};
      }
    }
    return std::nullopt;
  }

  std::vector<plan::BlockId> onChipBySize() const {
    std::vector<plan::BlockId> ids;
    for (std::size_t b = 0; b < plan_.blocks.size(); ++b) {
      const Block& block = plan_.blocks[b];
      if (staysAt(block, block.firstTask)) ids.push_back(static_cast<plan::BlockId>(b));
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
    const SlotPlaces slots = slotsOf(placed);
    const bool found = placeSlots(onChip, slots, t - 1, t) || placeSlots(onChip, slots, t, t);
    if (placed.mapping.inPlace) placed.outputAddress = placed.accumulatorAddress;
    return found;
  }

  /// Leaves nothing placed when something finds no place.
  static bool placeSlots(std::vector<IntervalAllocator>& onChip, const SlotPlaces& slots, int first,
                         int t) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const auto& [slot, address] = slots[i];
      IntervalAllocator& storage = onChip[static_cast<std::size_t>(slot->storage)];
      auto at = storage.place(slot->total(), first, t);
      if (!at && first < t) at = storage.place(slot->total(), t, t);
      if (!at) {
        for (std::size_t j = i; j-- > 0;) {
          onChip[static_cast<std::size_t>(slots[j].first->storage)].remove(*slots[j].second, t);
        }
        return false;
      }
      *address = *at;
    }
    return true;
  }

  /// Makes a task's pieces easier to place: its largest resident activation goes to memory, or
  /// without one its tiles get less room.
  void makeRoom(const Stuck& stuck) {
    Block* largest = nullptr;
    for (Block& block : plan_.blocks) {
      const bool live = !isConstant(block) && staysAt(block, stuck.task);
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
    if (stuck.resident || squeezed >= capacity) throw NotPossible(noRoom(stuck.task));
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
