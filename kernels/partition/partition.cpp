#include "kernels/partition/partition.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "kernels/mapping/mapping.h"
#include "kernels/mapping/task_signature.h"
#include "kernels/partition/candidates.h"
#include "kernels/partition/pipeline.h"
#include "kernels/partition/reduction.h"

namespace npusim {

std::string_view name(Partition partition) {
  switch (partition) {
    case Partition::Auto:
      return "auto";
    case Partition::Channel:
      return "channel";
    case Partition::Row:
      return "row";
    case Partition::Batch:
      return "batch";
    case Partition::Pipeline:
      return "pipeline";
  }
  return "unknown";
}

namespace partition {
namespace {

using Cuts = std::vector<CoreCut>;

/// Of the candidates that look cheapest, so many get a full search for their mapping.
constexpr std::size_t kSearched = 3;

/// A candidate costs less than one before it, which has longer runs in memory, when it takes less
/// than this part of its cycles: the estimate is no better.
constexpr double kClearly = 0.98;

/// How a task is dealt, and what that is expected to cost; nothing where it does not fit.
struct Choice {
  Cuts cuts;
  std::optional<mapping::Estimate> estimate;
};

/// Chooses how each task is dealt; equal tasks once.
class Dealer {
 public:
  Dealer(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
         Partition partition)
      : plan_(plan), storages_(storages), chip_(chip), partition_(partition) {
    for (const isa::Storage& storage : storages.storages) free_.push_back(storage.capacityBytes);
    for (const plan::Block& block : plan.blocks) {
      const bool weights = block.kind == plan::Block::Kind::Weights;
      if (weights && storages.weightMemory < 0) spread(storages.weightBuffer, block.bytes);
    }
  }

  void run() {
    for (std::size_t t = 0; t < plan_.tasks.size(); ++t) {
      const plan::Task& task = plan_.tasks[t];
      if (!canFollow(plan_, task, partition_)) others_.push_back(plan_.layers[t].name);
      const std::string key = keyOf(task);
      auto known = known_.find(key);
      if (known == known_.end()) known = known_.emplace(key, choose(task)).first;
      apply(t, known->second);
    }
  }

  /// Which layers could not be dealt as asked, for the user; empty where all could.
  std::string note() const {
    constexpr std::size_t kNamed = 4;
    if (others_.empty()) return {};
    std::string names;
    for (std::size_t i = 0; i < std::min(kNamed, others_.size()); ++i) {
      names += (i == 0 ? "" : ", ") + others_[i];
    }
    if (others_.size() > kNamed) names += ", ...";
    return "--partition " + std::string(name(partition_)) + ": " + std::to_string(others_.size()) +
           " of " + std::to_string(plan_.tasks.size()) +
           " layers cannot be dealt so and went by cost (" + names + ")";
  }

 private:
  /// What no memory holds takes room in every core.
  void spread(isa::StorageId buffer, std::int64_t bytes) {
    if (!chip_.idealMemory) free_[static_cast<std::size_t>(buffer)] -= bytes / chip_.cores;
  }

  static bool reduces(const Cuts& cuts) {
    return std::any_of(cuts.begin(), cuts.end(),
                       [](const CoreCut& c) { return c.dim == plan::K2; });
  }

  std::string keyOf(const plan::Task& task) const {
    const Shape& shape = plan_.layers[static_cast<std::size_t>(task.layer)].outputShape;
    return mapping::signature(plan_, task, free_) +
           std::to_string(shape.empty() ? 1 : shape.front()) + "," +
           std::to_string(task.cores.count);
  }

  void apply(std::size_t index, const Cuts& cuts) {
    const bool matrix = std::holds_alternative<plan::MatrixWork>(plan_.tasks[index].work);
    if (matrix && reduces(cuts)) {
      replace(plan_, index, reduction(plan_.tasks[index], cuts, addPartials(index, cuts)));
    } else {
      split(plan_.tasks[index], cuts);
    }
    plan::Task& task = plan_.tasks[index];
    const std::int64_t cores = coresOf(cuts);
    task.cores.count = static_cast<std::int32_t>(cores);
    if (cores == chip_.cores) task.cores = {};
  }

  plan::BlockId addPartials(std::size_t index, const Cuts& cuts) {
    plan::Block block;
    block.name = plan_.layers[index].name + ".partials";
    block.bytes = partialBytes(plan_.tasks[index], cuts);
    block.raw = true;
    plan_.blocks.push_back(block);
    return static_cast<plan::BlockId>(plan_.blocks.size() - 1);
  }

  Cuts choose(const plan::Task& task) const {
    const auto* matrix = std::get_if<plan::MatrixWork>(&task.work);
    if (matrix != nullptr && matrix->mapping) return {};  // a given mapping is of the whole task
    const bool staged = task.cores.count > 0;
    const Cores cores{staged ? task.cores.count : chip_.cores, plan_.images > 1};
    const Choice best = cheapest(task, candidates(plan_, task, chip_, partition_, cores));
    if (partition_ != Partition::Auto || !mayReduce(plan_, task)) return best.cuts;
    return wastesArrays(task, best, cores.count) ? cheaperReduction(task, cores.count, best)
                                                 : best.cuts;
  }

  /// Do the arrays, and not the memory, take much longer than they would if all were busy?
  bool wastesArrays(const plan::Task& task, const Choice& best, std::int64_t cores) const {
    constexpr double kMuch = 3;
    double macs = 1;
    for (const plan::Dimension& dim : task.dims) macs *= static_cast<double>(dim.extent);
    const double least =
        macs / chip_.peakMacsPerCycle(plan_.precision) / static_cast<double>(cores);
    return !best.estimate ||
           (best.estimate->array > best.estimate->memory && best.estimate->cycles > kMuch * least);
  }

  /// The candidate that costs least beside `more` bytes that are spread over the cores: by a full
  /// search for those that look cheapest.
  Choice cheapest(const plan::Task& task, const std::vector<Cuts>& all,
                  std::int64_t more = 0) const {
    std::vector<std::pair<double, std::size_t>> ranked;
    for (std::size_t i = 0; i < all.size(); ++i) {
      ranked.emplace_back(quickCost(dealt(task, all[i])), i);
    }
    std::sort(ranked.begin(), ranked.end());
    ranked.resize(std::min(ranked.size(), kSearched));
    Choice best{all[ranked.front().second], std::nullopt};
    std::ranges::sort(ranked, {}, [](const auto& each) { return each.second; });
    for (const auto& [quick, i] : ranked) {
      const std::optional<mapping::Estimate> found = fullCost(dealt(task, all[i]), more);
      if (found && (!best.estimate || found->cycles < kClearly * best.estimate->cycles)) {
        best = {all[i], found};
      }
    }
    return best;
  }

  /// Cuts along input channels too, where partial products and their sum cost less together.
  Cuts cheaperReduction(const plan::Task& task, std::int64_t cores, const Choice& best) const {
    Cuts chosen = best.cuts;
    double least = best.estimate ? best.estimate->cycles : std::numeric_limits<double>::infinity();
    for (const Cuts& cuts : reducingCuts(task, cores)) {
      // Where the partial products lie decides nothing here; any activation does.
      const Reduction tasks = reduction(task, cuts, task.output.block);
      if (quickCost(tasks.products) >= least) continue;
      const std::int64_t partials = partialBytes(task, cuts);
      const auto products = fullCost(tasks.products, partials);
      if (!products || products->cycles >= least) continue;
      const Choice sum = cheapest(
          tasks.sum, candidates(plan_, tasks.sum, chip_, partition_, {cores, false}), partials);
      if (!sum.estimate || products->cycles + sum.estimate->cycles >= least) continue;
      least = products->cycles + sum.estimate->cycles;
      chosen = cuts;
    }
    return chosen;
  }

  plan::Task dealt(plan::Task task, const Cuts& cuts) const {
    split(task, cuts);
    return task;
  }

  /// Cycles as if all fitted in one tile: what keeps the core busy longest, and a part of the rest.
  double quickCost(const plan::Task& task) const {
    constexpr double kShown = 0.1;
    mapping::Context context{chip_, storages_, plan_, free_, mapping::Objective::Latency};
    for (std::int64_t& bytes : context.freeBytes) bytes = INT64_MAX / 4;
    mapping::Tiling tiling = mapping::untiled(task);
    if (std::holds_alternative<plan::MatrixWork>(task.work)) {
      for (const int d : {plan::G0, plan::G1}) {
        const auto at = static_cast<std::size_t>(d);
        if (task.dims[at].extent == 1) continue;
        tiling.tile[at] = 1;
        tiling.order.push_back(d);
      }
    }
    mapping::Evaluator evaluator(context, task);
    const mapping::Estimate& e = evaluator.evaluate(tiling, true)->estimate;
    return std::max({e.array, e.vector, e.memory}) + kShown * (e.array + e.vector + e.memory);
  }

  /// What tiles of a task may take beside what no memory holds of what it reads and writes, and
  /// `more` bytes of it.
  std::vector<std::int64_t> freeFor(const plan::Task& task, std::int64_t more) const {
    std::vector<std::int64_t> free = free_;
    if (storages_.activationMemory >= 0 || chip_.idealMemory) return free;
    std::set<plan::BlockId> blocks = {task.output.block};
    for (const plan::Operand& operand : task.operands) blocks.insert(operand.block);
    for (const plan::BlockId id : blocks) {
      const plan::Block& block = plan_.block(id);
      if (block.kind == plan::Block::Kind::Activation) more += block.bytes;
    }
    free[static_cast<std::size_t>(storages_.activationBuffer)] -= more / chip_.cores;
    return free;
  }

  /// By the best mapping beside `more` bytes that are spread over the cores, if there is one.
  std::optional<mapping::Estimate> fullCost(const plan::Task& task, std::int64_t more = 0) const {
    const mapping::Context context{chip_, storages_, plan_, freeFor(task, more),
                                   mapping::Objective::Latency};
    const auto found = mapping::search(context, task);
    return found ? std::optional(found->estimate) : std::nullopt;
  }

  plan::Plan& plan_;
  const plan::StorageMap& storages_;
  const ChipConfig& chip_;
  Partition partition_;
  std::vector<std::int64_t> free_;
  std::map<std::string, Cuts> known_;
  std::vector<std::string> others_;  ///< layers that `partition` names nothing of
};

/// What keeps the cores' weights in different banks, where cores read them from DRAM.
void noteRows(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip) {
  const auto index = storages.weightMemory - static_cast<isa::StorageId>(chip.buffers.size());
  if (storages.weightMemory < 0) return;
  const MemoryConfig& memory = chip.memories.at(static_cast<std::size_t>(index));
  if (memory.kind != MemoryKind::Dram) return;
  plan.rowBytes = memory.rowBytes * memory.channels;
  plan.rowsAround = memory.bankGroups * memory.banksPerGroup;
}

}  // namespace

std::string deal(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                 Partition partition) {
  if (chip.cores == 1 || chip.coreControl == CoreControl::Shared) return {};
  plan.cores = chip.cores;
  plan.supersteps = chip.network.supersteps;
  noteRows(plan, storages, chip);
  std::string note;
  if (partition == Partition::Pipeline) {
    makeStages(plan, chip);
    partition = Partition::Auto;
    if (plan.stages.empty()) {
      note = plan.tasks.size() == 1
                 ? "--partition pipeline: one layer has none to pass images on to, so all cores "
                   "share it"
                 : "--partition pipeline: the batch has one image, so groups of cores work in turn";
    }
  }
  Dealer dealer(plan, storages, chip, partition);
  dealer.run();
  return note + dealer.note();
}

}  // namespace partition
}  // namespace npusim
