#include "kernels/partition/partition.h"

#include <algorithm>
#include <map>
#include <string>

#include "kernels/mapping/mapping.h"
#include "kernels/mapping/task_signature.h"
#include "kernels/partition/candidates.h"

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

using Cuts = std::vector<Cut>;

/// Of the candidates that look cheapest, so many get a full search for their mapping.
constexpr std::size_t kSearched = 3;

/// Chooses how each task is dealt; equal tasks once.
class Dealer {
 public:
  Dealer(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
         Partition partition)
      : plan_(plan), storages_(storages), chip_(chip), partition_(partition) {
    for (const isa::Storage& storage : storages.storages) free_.push_back(storage.capacityBytes);
  }

  void run() {
    for (plan::Task& task : plan_.tasks) {
      const Shape& shape = plan_.layers[static_cast<std::size_t>(task.layer)].outputShape;
      const std::string key = mapping::signature(plan_, task, free_) +
                              std::to_string(shape.empty() ? 1 : shape.front());
      auto known = known_.find(key);
      if (known == known_.end()) known = known_.emplace(key, choose(task)).first;
      apply(task, known->second);
    }
  }

 private:
  void apply(plan::Task& task, const Cuts& cuts) const {
    const std::int64_t cores = coresOf(task, cuts);
    split(task, cuts);
    task.cores = cores == chip_.cores ? isa::CoreRange{}
                                      : isa::CoreRange{0, static_cast<std::int32_t>(cores)};
  }

  Cuts choose(const plan::Task& task) const {
    const auto* matrix = std::get_if<plan::MatrixWork>(&task.work);
    if (matrix != nullptr && matrix->mapping) return {};  // a given mapping is of the whole task
    std::vector<Cuts> all = candidates(plan_, task, chip_, partition_, chip_.cores);
    std::vector<std::pair<double, std::size_t>> ranked;
    for (std::size_t i = 0; i < all.size(); ++i) {
      ranked.emplace_back(quickCost(dealt(task, all[i])), i);
    }
    std::sort(ranked.begin(), ranked.end());
    ranked.resize(std::min(ranked.size(), kSearched));
    if (ranked.size() == 1) return all[ranked.front().second];
    Cuts best = all[ranked.front().second];
    double least = -1;
    for (const auto& [quick, i] : ranked) {
      const double cost = fullCost(dealt(task, all[i]));
      if (cost < 0 || (least >= 0 && cost >= least)) continue;
      least = cost;
      best = all[i];
    }
    return best;
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

  /// Cycles by the best mapping; below 0 when there is none.
  double fullCost(const plan::Task& task) const {
    const mapping::Context context{chip_, storages_, plan_, free_, mapping::Objective::Latency};
    const auto found = mapping::search(context, task);
    return found ? found->estimate.cycles : -1;
  }

  plan::Plan& plan_;
  const plan::StorageMap& storages_;
  const ChipConfig& chip_;
  Partition partition_;
  std::vector<std::int64_t> free_;
  std::map<std::string, Cuts> known_;
};

}  // namespace

void deal(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
          Partition partition) {
  if (chip.cores == 1 || chip.coreControl == CoreControl::Shared) return;
  plan.cores = chip.cores;
  plan.supersteps = chip.network.supersteps;
  Dealer(plan, storages, chip, partition).run();
}

}  // namespace partition
}  // namespace npusim
