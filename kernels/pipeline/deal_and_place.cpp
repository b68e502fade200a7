#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/room.h"

namespace npusim::passes {
namespace {

/// How many of the weights that a loop loads again and again a note names.
constexpr std::size_t kNamed = 3;

/// What the user should know of weights that a loop loads again and again.
std::string noteOf(const Held& held) {
  if (held.streamed.empty()) return {};
  std::vector<Held::Streamed> all = held.streamed;
  std::ranges::stable_sort(all, std::greater<>(), &Held::Streamed::bytes);
  std::string note = "weights of loops that do not stay on chip: ";
  for (std::size_t i = 0; i < std::min(kNamed, all.size()); ++i) {
    note += (i == 0 ? "" : ", ") + all[i].layer + " (" + std::to_string(all[i].bytes) +
            " bytes in each of " + std::to_string(all[i].passes) + " passes)";
  }
  if (all.size() <= kNamed) return note;
  std::int64_t rest = 0;
  for (std::size_t i = kNamed; i < all.size(); ++i) rest += all[i].bytes;
  return note + " and " + std::to_string(all.size() - kNamed) + " more (" + std::to_string(rest) +
         " bytes)";
}

/// One way to deal a plan and to keep what loops read.
struct Way {
  Partition partition = Partition::Auto;
  double held = -1;  ///< share of the buffer for constants of loops; below 0: no loops to look at
  bool keepLoops = false;  ///< of several cores: keep those where they are read
  double tileShare = kTileShare;
};

/// Deals a plan one way, decides what stays on chip, and gives tiles their places.
Placed placed(plan::Plan plan, const plan::StorageMap& storages, const ChipConfig& chip,
              Objective objective, const Way& way) {
  Placed made;
  if (way.held >= 0) made.note = noteOf(holdConstants(plan, storages, chip, way.held));
  made.note += partition::deal(plan, storages, chip, way.partition);
  plan.computeLifetimes();
  if (!plan.stages.empty()) plan.keepAll();
  plan.verify();
  // What stays on chip is decided first, because it sets both the traffic and the room that tiles
  // have.
  keepOnChip(plan, storages, chip, way.keepLoops, way.tileShare);
  made.tasks = mapAndPlace(plan, storages, chip, objective);
  made.plan = std::move(plan);  // the tasks that `made.tasks` points to stay where they are
  made.cost = mapping::cost({chip, storages, made.plan, {}, objective}, estimateOf(made));
  return made;
}

/// Keeps the cheapest of what it is offered, or why the first did not fit.
class Cheapest {
 public:
  Cheapest(const plan::Plan& plan, const plan::StorageMap& storages, Objective objective)
      : plan_(plan), storages_(storages), objective_(objective) {}

  /// Returns whether this is the cheapest so far.
  bool offer(const ChipConfig& chip, const Way& way) {
    try {
      Placed made = placed(plan_, storages_, chip, objective_, way);
      if (best_ && made.cost >= best_->cost) return false;
      best_ = std::move(made);
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
  const plan::Plan& plan_;
  const plan::StorageMap& storages_;
  Objective objective_;
  std::optional<Placed> best_;
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

/// Constants of loops below this many bytes are held, or else loaded, without a plan of each kind
/// to choose from. Assumed: a row of DRAM or two, whose time hardly shows.
constexpr std::int64_t kSmallConstant = 4096;

/// Do loops read constants of which it matters whether they are held?
bool readsConstantsInLoops(const plan::Plan& plan) {
  return std::ranges::any_of(plan.tasks, [&](const plan::Task& task) {
    return task.repeat >= 0 && std::ranges::any_of(task.operands, [&](const auto& operand) {
             const plan::Block& block = plan.block(operand.block);
             return block.kind == plan::Block::Kind::Weights && block.bytes > kSmallConstant;
           });
  });
}

/// One core has nothing to deal: what loops read is held as far as it fits, or where that does not
/// leave enough room for all else, less of it or nothing; and then with more room for tiles.
Placed placedOnOne(const plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                   const CompileOptions& options) {
  if (plan.repeats.empty() || chip.idealMemory) {
    return placed(plan, storages, chip, options.objective, {options.partition});
  }
  const bool simple = !readsConstantsInLoops(plan);
  Cheapest cheapest(plan, storages, options.objective);
  Way way{.partition = options.partition, .held = 0};
  for (const double share : {1.0, 0.5, 0.0}) {
    if (share > 0 && !options.holdConstants) continue;
    const bool taken = cheapest.offer(chip, {.partition = options.partition, .held = share});
    if (taken) way.held = share;
    if (taken && simple) break;
  }
  if (!simple) {
    way.tileShare = kLargeTileShare;
    cheapest.offer(chip, way);
  }
  Placed best = cheapest.take();
  if (!options.holdConstants) best.note.clear();  // as asked
  return best;
}

}  // namespace

mapping::Estimate estimateOf(const Placed& made) {
  mapping::Estimate all;
  for (const emit::PlacedTask& task : made.tasks) {
    const auto passes = static_cast<double>(made.plan.passesOf(task.task->repeat));
    all.cycles += passes * task.mapping.estimate.cycles;
    all.dramBytes += passes * task.mapping.estimate.dramBytes;
    all.bufferBytes += passes * task.mapping.estimate.bufferBytes;
  }
  return all;
}

Placed placedOnce(const plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                  Objective objective) {
  return placed(plan, storages, chip, objective, {});
}

Placed dealAndPlace(const plan::Plan& plan, const plan::StorageMap& storages,
                    const ChipConfig& chip, const CompileOptions& options) {
  const bool several = chip.cores > 1 && chip.coreControl != CoreControl::Shared;
  if (!several) return placedOnOne(plan, storages, chip, options);
  // Whether weights that may also stay in memory are better kept is known when they were not.
  const bool mayKeep = chip.keepWeights && storages.weightMemory >= 0;
  ChipConfig first = chip;
  first.keepWeights = chip.keepWeights && !mayKeep;
  Cheapest cheapest(plan, storages, options.objective);
  Partition chosen = options.partition;
  cheapest.offer(first, {chosen});
  if (options.partition == Partition::Auto) {
    for (const Partition all : wordsFor(plan)) {
      if (cheapest.offer(first, {all})) chosen = all;
    }
  }
  const bool keepsLoops =
      options.holdConstants && !plan.repeats.empty() && storages.weightMemory >= 0;
  if (keepsLoops) cheapest.offer(chip, {.partition = chosen, .keepLoops = true});
  if (mayKeep) cheapest.offer(chip, {chosen});
  Placed best = cheapest.take();
  if (options.partition == Partition::Auto) best.note.clear();  // nobody asked for what it names
  return best;
}

}  // namespace npusim::passes
