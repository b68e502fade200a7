#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/mapping/route.h"
#include "kernels/mapping/task_signature.h"
#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/room.h"
#include "kernels/pipeline/tile_attention.h"

namespace npusim::passes {
namespace {

/// Shares of the activation buffer that scores of one pass, and what is made of them, may take
/// together: what is left is for queries, keys, values and tiles.
constexpr std::array kShares = {0.5, 0.25, 0.125};

/// A cut must be expected to cost less by so many cycles and this factor: passes of a loop wait for
/// each other a little, and other layers want room too, which the sum over its tasks does not see.
/// Found so that of 900 random attentions none becomes slower; nor does one of 900 others.
constexpr double kUnseenCycles = 4000;
constexpr double kWorthIt = 0.97;

/// Adds one operand of a copy, which waits for nothing but the DMA. (In the estimates of mappings
/// copies cost nothing, since there is nothing to choose.)
void addCopied(mapping::Estimate& all, const mapping::Context& context, const plan::Task& task,
               std::size_t index) {
  const plan::Operand& operand = index == 0 ? task.operands.front() : task.output;
  const auto passes = static_cast<double>(context.plan.passesOf(task.repeat));
  mapping::OperandTile tile;
  mapping::tileOf(task, operand, mapping::untiled(task), tile);
  if (context.plan.block(operand.block).resident) {
    all.bufferBytes += passes * static_cast<double>(tile.bytes);
    return;
  }
  const mapping::Traffic traffic =
      mapping::trafficOf(context, operand, tile, mapping::routeOf(context, task, index));
  all.cycles += passes * (traffic.alone + traffic.latency);
  all.dramBytes += passes * traffic.bytes;
}

/// Expected cost of a plan; none where it does not fit.
std::optional<double> costOf(const plan::Plan& plan, const plan::StorageMap& storages,
                             const ChipConfig& chip, Objective objective, double unseenCycles = 0) {
  try {
    const Placed made = placedOnce(plan, storages, chip, objective);
    const mapping::Context context{chip, storages, made.plan, {}, objective};
    mapping::Estimate all = estimateOf(made);
    all.cycles += unseenCycles;
    for (const plan::Task& task : made.plan.tasks) {
      if (!std::holds_alternative<plan::CopyWork>(task.work)) continue;
      all.cycles +=
          static_cast<double>(made.plan.passesOf(task.repeat)) * mapping::issueCycles(chip);
      addCopied(all, context, task, 0);
      addCopied(all, context, task, 1);
    }
    return mapping::cost(context, all);
  } catch (const NotPossible&) {
    return std::nullopt;
  }
}

/// The cheapest way to cut an attention; none: it is best whole.
std::optional<AttentionCut> bestCut(const plan::Plan& whole, const Attention& attention,
                                    const plan::StorageMap& storages, const ChipConfig& chip,
                                    Objective objective) {
  const plan::Plan own = alone(whole, attention);
  Attention all = attention;
  std::iota(all.tasks.begin(), all.tasks.end(), 0);
  const auto room = static_cast<double>(storages.capacity(storages.activationBuffer));
  std::optional<double> least;  // whole, where it can be in memory; else it may leave no room
  if (storages.activationMemory >= 0) least = costOf(own, storages, chip, objective);
  if (least) *least *= kWorthIt;
  std::optional<AttentionCut> best;
  const auto offer = [&](const AttentionCut& cut) {
    const std::optional<plan::Plan> made = withCut(own, all, cut);
    const auto cost = made ? costOf(*made, storages, chip, objective, kUnseenCycles) : std::nullopt;
    if (!cost || (least && *cost >= *least)) return false;
    least = cost;
    best = cut;
    return true;
  };
  AttentionCut cut;
  for (const double share : kShares) {
    const AttentionCut finer = cutTo(own, all, static_cast<std::int64_t>(share * room));
    if (finer.passes == cut.passes) continue;
    cut = finer;
    offer(cut);
    cut.hold = true;
    if (!offer(cut) && best) break;  // finer ones only pass more often
  }
  return best;
}

/// Equal for attentions that are best cut in the same way.
std::string keyOf(const plan::Plan& plan, const Attention& attention) {
  std::string key;
  for (const int t : attention.tasks) {
    const plan::Task& task = plan.tasks[static_cast<std::size_t>(t)];
    key += mapping::signature(plan, task, {plan.passesOf(task.repeat)}) + ";";
  }
  return key;
}

/// Do the scores and all that is made of them fit beside the tiles that tasks may count on? Where
/// activations have no memory to go to, beside all others too: in half of the buffer.
bool staysOnChip(const plan::Plan& plan, const Attention& attention,
                 const plan::StorageMap& storages) {
  std::int64_t bytes = 0;
  for (const plan::BlockId id : attention.inner) bytes += plan.block(id).bytes;
  const auto room = static_cast<double>(storages.capacity(storages.activationBuffer));
  const double share = storages.activationMemory < 0 ? kShares.front() : 1 - kTileShare;
  return static_cast<double>(bytes) <= share * room;
}

}  // namespace

void tileAttention(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                   Objective objective) {
  const bool several = chip.cores > 1 && chip.coreControl != CoreControl::Shared;
  if (several || chip.idealMemory) return;
  std::map<std::string, std::optional<AttentionCut>> known;
  std::vector<Attention> all = findAttention(plan);
  // The last one first: what stands before stays where it is.
  for (auto attention = all.rbegin(); attention != all.rend(); ++attention) {
    if (staysOnChip(plan, *attention, storages)) continue;
    const auto [entry, isNew] = known.try_emplace(keyOf(plan, *attention));
    if (isNew) entry->second = bestCut(plan, *attention, storages, chip, objective);
    if (!entry->second) continue;
    if (auto made = withCut(plan, *attention, *entry->second)) plan = *std::move(made);
  }
}

}  // namespace npusim::passes
