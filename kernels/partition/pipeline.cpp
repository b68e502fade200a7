#include "kernels/partition/pipeline.h"

#include <algorithm>
#include <numeric>

#include "kernels/partition/split.h"
#include "sim/core/error.h"

namespace npusim::partition {
namespace {

using plan::Task;

/// What a task takes of a core, to compare tasks by: operations of the array, and of the vector
/// unit, which has a row's share of them.
double workOf(const plan::Plan& plan, const Task& task, const ChipConfig& chip) {
  const isa::Layer& layer = plan.layers[static_cast<std::size_t>(task.layer)];
  const double macs = static_cast<double>(layer.macs) / chip.peakMacsPerCycle(plan.precision);
  const double elements = static_cast<double>(elementCount(layer.outputShape));
  return macs + elements / static_cast<double>(chip.vector.lanes);
}

std::int64_t powerOfTwoUpTo(std::int64_t most) {
  std::int64_t power = 1;
  while (power * 2 <= most) power *= 2;
  return power;
}

/// How far apart the images of an operand lie when `dim` counts them and `each` positions make one;
/// 0 where they do not lie one after another.
std::int64_t imageBytes(const plan::Operand& operand, std::size_t dim, std::int64_t each) {
  std::int64_t bytes = 0;
  for (const plan::Axis& axis : operand.axes) {
    if (axis.coefficients[dim] == 0) continue;
    if (bytes != 0 || axis.offset != 0) return 0;
    bytes = axis.coefficients[dim] * axis.stride * each;
  }
  return bytes;
}

/// Does a task's dimension go through the images of all it reads and writes?
bool countsImages(const plan::Plan& plan, const Task& task, int dim, std::int64_t images) {
  const auto at = static_cast<std::size_t>(dim);
  const plan::Dimension& own = task.dims[at];
  if (own.extent % images != 0) return false;
  const auto fits = [&](const plan::Operand& operand) {
    const plan::Block& block = plan.block(operand.block);
    if (block.kind == plan::Block::Kind::Weights) return true;
    return imageBytes(operand, at, own.extent / images) * images == block.bytes;
  };
  return fits(task.output) && std::all_of(task.operands.begin(), task.operands.end(), fits);
}

void splitImages(plan::Plan& plan, Task& task, std::int64_t images) {
  for (int d = 0; d < std::ssize(task.dims); ++d) {
    if (!countsImages(plan, task, d, images)) continue;
    split(task, {{d, task.dims[static_cast<std::size_t>(d)].extent / images, images}});
    task.dims.back().digit.reset();
    task.dims.back().images = true;
    return;
  }
  throw NotPossible("not supported: --partition pipeline with layer '" +
                    plan.layers[static_cast<std::size_t>(task.layer)].name +
                    "', which does not take the " + std::to_string(images) +
                    " images of a batch one after another; choose another partition");
}

}  // namespace

void makeStages(plan::Plan& plan, const ChipConfig& chip) {
  const Shape input = plan.inputs.empty() ? Shape{} : plan.inputs.front().view.shape;
  const auto tasks = static_cast<std::int64_t>(plan.tasks.size());
  if (tasks < 2) return;
  plan.images = input.empty() ? 1 : input.front();
  const std::int64_t groups =
      powerOfTwoUpTo(std::min({plan.cores, tasks, std::max<std::int64_t>(2, plan.images)}));
  const auto cores = static_cast<std::int32_t>(powerOfTwoUpTo(plan.cores / groups));
  double total = 0, done = 0;
  for (const Task& task : plan.tasks) total += workOf(plan, task, chip);
  for (std::int64_t t = 0; t < tasks; ++t) {
    Task& task = plan.tasks[static_cast<std::size_t>(t)];
    const auto due = static_cast<std::int64_t>(done / total * static_cast<double>(groups));
    const auto open = static_cast<std::int64_t>(plan.stages.size());
    const bool begins = open == 0 || (due >= open && open < groups) || tasks - t <= groups - open;
    if (begins) {
      const auto first = static_cast<std::int32_t>(open * cores);
      const bool all = cores == plan.cores;
      plan.stages.push_back({static_cast<int>(t), static_cast<int>(t),
                             all ? isa::CoreRange{} : isa::CoreRange{first, cores}});
    }
    plan.stages.back().last = static_cast<int>(t) + 1;
    task.cores = plan.stages.back().cores;
    done += workOf(plan, task, chip);
  }
  if (plan.images == 1) return plan.stages.clear();
  for (Task& task : plan.tasks) splitImages(plan, task, plan.images);
}

}  // namespace npusim::partition
