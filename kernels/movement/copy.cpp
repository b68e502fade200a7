#include "kernels/movement/copy.h"

namespace npusim::movement {

using lowering::Lowering;
using plan::Axis;
using plan::Operand;
using plan::View;

std::vector<Stretch> whole(const Shape& shape) {
  std::vector<Stretch> result;
  for (const std::int64_t extent : shape) result.push_back({0, extent, 0, 1, 1, false, false});
  return result;
}

namespace {

/// Task dimensions of one stretch: groups of repeats and the position inside one.
void addDims(plan::Task& task, const Stretch& stretch) {
  task.dims.push_back({stretch.length / stretch.repeat, false});
  if (stretch.repeat > 1) task.dims.push_back({stretch.repeat, false});
}

Axis sourceAxis(const View& from, std::size_t logical, const Stretch& stretch) {
  Axis axis{from.shape[logical], from.strides[logical], {}, stretch.start, 0, 0};
  if (stretch.fill) axis.offset = -stretch.length;  // wholly outside: nothing but fill
  return axis;
}

}  // namespace

void addCopy(Lowering& lowering, const Node& node, const std::string& part, const View& from,
             const View& to, const std::vector<Stretch>& stretches,
             std::optional<std::uint32_t> fill) {
  plan::Task task;
  Operand source{from.block, from.offset, from.type, {}, {}};
  Operand target{to.block, to.offset, to.type, {}, {}};
  std::vector<std::size_t> firstDim(stretches.size());
  const std::vector<int> order = lowering::physicalOrder(to);
  for (const int logical : order) {
    const auto at = static_cast<std::size_t>(logical);
    firstDim[at] = task.dims.size();
    addDims(task, stretches[at]);
  }
  if (task.dims.empty()) task.dims.push_back({1, false});
  for (const int logical : order) {
    const auto at = static_cast<std::size_t>(logical);
    const Stretch& stretch = stretches[at];
    const std::size_t dim = firstDim[at];
    Axis read = sourceAxis(from, at, stretch);
    read.coefficients.assign(task.dims.size(), 0);
    read.coefficients[dim] = stretch.fill ? 1 : stretch.step;
    source.axes.push_back(std::move(read));
    Axis written{to.shape[at],
                 to.strides[at],
                 std::vector<std::int64_t>(task.dims.size(), 0),
                 stretch.first,
                 0,
                 0};
    written.coefficients[dim] = stretch.repeat;
    if (stretch.repeat > 1) written.coefficients[dim + 1] = 1;
    target.axes.push_back(std::move(written));
  }
  task.operands.push_back(std::move(source));
  task.output = std::move(target);
  task.work = plan::CopyWork{fill, std::nullopt};
  lowering::simplify(task, {});
  lowering.addTask(node, std::move(task), node.opName, part);
}

}  // namespace npusim::movement
