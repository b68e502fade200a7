#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

/// Deals a plan one way, decides what stays on chip, and gives tiles their places.
Placed placed(plan::Plan plan, const plan::StorageMap& storages, const ChipConfig& chip,
              Objective objective, Partition partition) {
  Placed made;
  made.note = partition::deal(plan, storages, chip, partition);
  plan.computeLifetimes();
  if (!plan.stages.empty()) plan.keepAll();
  plan.verify();
  // What stays on chip is decided first, because it sets both the traffic and the room that tiles
  // have.
  keepOnChip(plan, storages, chip);
  made.tasks = mapAndPlace(plan, storages, chip, objective);
  made.plan = std::move(plan);  // the tasks that `made.tasks` points to stay where they are
  return made;
}

/// Keeps the cheapest of what it is offered, or why the first did not fit.
class Cheapest {
 public:
  Cheapest(const plan::Plan& plan, const plan::StorageMap& storages, Objective objective)
      : plan_(plan), storages_(storages), objective_(objective) {}

  /// Returns whether this is the cheapest so far.
  bool offer(const ChipConfig& chip, Partition partition) {
    try {
      Placed made = placed(plan_, storages_, chip, objective_, partition);
      const double cost = costOf(made, chip);
      if (best_ && cost >= cost_) return false;
      best_ = std::move(made);
      cost_ = cost;
      return true;
    } catch (const NotPossible&) {
      if (!refused_) refused_ = std::current_exception();
      return false;
    }
  }

  Placed take() {
    if (!best_) std::rethrow_exception(refused_);
    return std::move(*best_);
  }

 private:
  /// As expected of all mappings together, which know by now what lies where.
  double costOf(const Placed& made, const ChipConfig& chip) const {
    mapping::Estimate all;
    for (const emit::PlacedTask& task : made.tasks) {
      all.cycles += task.mapping.estimate.cycles;
      all.dramBytes += task.mapping.estimate.dramBytes;
      all.bufferBytes += task.mapping.estimate.bufferBytes;
    }
    return mapping::cost({chip, storages_, made.plan, {}, objective_}, all);
  }

  const plan::Plan& plan_;
  const plan::StorageMap& storages_;
  Objective objective_;
  std::optional<Placed> best_;
  double cost_ = 0;
  std::exception_ptr refused_;
};

/// The words that deal all layers alike, as far as they can follow.
std::vector<Partition> wordsFor(const plan::Plan& plan) {
  std::vector<Partition> words = {Partition::Row, Partition::Channel};
  const auto severalImages = [](const plan::Port& input) {
    return !input.view.shape.empty() && input.view.shape.front() > 1;
  };
  if (std::ranges::any_of(plan.inputs, severalImages)) words.push_back(Partition::Batch);
  return words;
}

}  // namespace

Placed dealAndPlace(const plan::Plan& plan, const plan::StorageMap& storages,
                    const ChipConfig& chip, const CompileOptions& options) {
  const bool several = chip.cores > 1 && chip.coreControl != CoreControl::Shared;
  if (!several) return placed(plan, storages, chip, options.objective, options.partition);
  // Whether weights that may also stay in memory are better kept is known when they were not.
  const bool mayKeep = chip.keepWeights && storages.weightMemory >= 0;
  ChipConfig first = chip;
  first.keepWeights = chip.keepWeights && !mayKeep;
  Cheapest cheapest(plan, storages, options.objective);
  Partition chosen = options.partition;
  cheapest.offer(first, chosen);
  if (options.partition == Partition::Auto) {
    for (const Partition all : wordsFor(plan)) {
      if (cheapest.offer(first, all)) chosen = all;
    }
  }
  if (mayKeep) cheapest.offer(chip, chosen);
  Placed best = cheapest.take();
  if (options.partition == Partition::Auto) best.note.clear();  // nobody asked for what it names
  return best;
}

}  // namespace npusim::passes
