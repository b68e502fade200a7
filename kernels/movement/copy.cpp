#include "kernels/movement/copy.h"

#include "kernels/lowering/operands.h"

namespace npusim::movement {

using lowering::axisOf;
using lowering::Lowering;
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

/// The dimension (logical) whose neighbours lie next to each other in memory, of those that a copy
/// walks: single positions aside. -1: no neighbours touch.
int contiguous(const View& view, const std::vector<Stretch>& stretches) {
  for (std::size_t d = 0; d < stretches.size(); ++d) {
    const Stretch& stretch = stretches[d];
    const bool touches = view.strides[d] * stretch.step == byteSize(view.type);
    if (touches && stretch.length > stretch.repeat) return static_cast<int>(d);
  }
  return -1;
}

/// Does a copy turn neighbours apart? Straight from memory to memory it then moves single elements,
/// each a burst of its own; through the buffer, tile by tile, both sides move whole bursts. The
/// vector unit hands reals through unchanged, but not fill, and walks axes forwards.
bool goesThroughBuffer(const View& from, const View& to, const std::vector<Stretch>& stretches) {
  for (const Stretch& stretch : stretches) {
    if (stretch.fill || stretch.padded || stretch.step < 1) return false;
  }
  const int source = contiguous(from, stretches), target = contiguous(to, whole(to.shape));
  return isFloat(from.type) && source >= 0 && target >= 0 && source != target;
}

}  // namespace

void addCopy(Lowering& lowering, const Node& node, const std::string& part, const View& from,
             const View& to, const std::vector<Stretch>& stretches,
             std::optional<std::uint32_t> fill) {
  plan::Task task;
  Operand source = lowering::operandAt(from);
  Operand target = lowering::operandAt(to);
  std::vector<int> firstDim(stretches.size());
  const std::vector<int> order = lowering::physicalOrder(to);
  for (const int logical : order) {
    const auto at = static_cast<std::size_t>(logical);
    firstDim[at] = static_cast<int>(task.dims.size());
    addDims(task, stretches[at]);
  }
  if (task.dims.empty()) task.dims.push_back({1, false});
  for (const int logical : order) {
    const auto at = static_cast<std::size_t>(logical);
    const Stretch& stretch = stretches[at];
    const int dim = firstDim[at];
    // Fill is read wholly outside of the source.
    const std::int64_t start = stretch.fill ? -stretch.length : stretch.start;
    source.axes.push_back(axisOf(task.dims.size(), from.shape[at], from.strides[at],
                                 {{dim, stretch.fill ? 1 : stretch.step}}, start));
    std::vector<lowering::DimTerm> places = {{dim, stretch.repeat}};
    if (stretch.repeat > 1) places.push_back({dim + 1, 1});
    target.axes.push_back(
        axisOf(task.dims.size(), to.shape[at], to.strides[at], places, stretch.first));
  }
  task.operands.push_back(std::move(source));
  task.output = std::move(target);
  if (goesThroughBuffer(from, to, stretches)) {
    // Repeats stay together, so that tiles of the target have no gaps.
    for (const int dim : firstDim) task.dims[static_cast<std::size_t>(dim)].tileable = true;
    plan::Pass pass;
    pass.dims = lowering::upTo(task.dims.size());
    pass.operands = {0};
    task.work = plan::VectorWork{{std::move(pass)}, {}};
  } else {
    task.work = plan::CopyWork{fill, std::nullopt};
  }
  lowering::simplify(task, {});
  lowering.addTask(node, std::move(task), node.opName, part);
}

}  // namespace npusim::movement
