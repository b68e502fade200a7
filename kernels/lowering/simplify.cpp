#include <algorithm>

#include "kernels/lowering/lowering.h"

namespace npusim::lowering {
namespace {

using plan::Axis;
using plan::Operand;
using plan::Task;

/// The only axis that a dimension moves, when it moves just that one, alone, and over all of it.
/// Null with `free` when it moves none; null without when it shares.
struct Walk {
  Axis* axis = nullptr;
  bool free = false;
};

Walk walk(const Task& task, Operand& operand, std::size_t dim) {
  Walk result{nullptr, true};
  for (Axis& axis : operand.axes) {
    if (axis.coefficients[dim] == 0) continue;
    const auto moving = std::count_if(axis.coefficients.begin(), axis.coefficients.end(),
                                      [](std::int64_t c) { return c != 0; });
    const bool alone = moving == 1 && axis.coefficients[dim] == 1 && axis.offset == 0 &&
                       axis.blockLength == 0 && axis.extent == task.dims[dim].extent;
    if (!alone || !result.free) return {nullptr, false};
    result = {&axis, false};
  }
  return result;
}

bool mergeable(Task& task, Operand& operand, std::size_t outer, std::size_t inner) {
  const Walk a = walk(task, operand, outer);
  const Walk b = walk(task, operand, inner);
  if (a.free && b.free) return true;
  return a.axis != nullptr && b.axis != nullptr &&
         a.axis->stride == b.axis->stride * task.dims[inner].extent;
}

void mergeAxes(Task& task, Operand& operand, std::size_t outer, std::size_t inner) {
  const Walk a = walk(task, operand, outer);
  const Walk b = walk(task, operand, inner);
  if (a.axis == nullptr) return;
  b.axis->extent *= a.axis->extent;
  operand.axes.erase(operand.axes.begin() + (a.axis - operand.axes.data()));
}

void dropSinglePositions(Task& task, Operand& operand) {
  for (Axis& axis : operand.axes) {
    for (std::size_t d = 0; d < task.dims.size(); ++d) {
      if (task.dims[d].extent == 1) axis.coefficients[d] = 0;
    }
  }
}

template <typename Visit>
void forEachOperand(Task& task, const Visit& visit) {
  for (Operand& operand : task.operands) visit(operand);
  visit(task.output);
}

}  // namespace

void simplify(Task& task, const std::vector<std::pair<int, int>>& pairs) {
  forEachOperand(task, [&](Operand& operand) { dropSinglePositions(task, operand); });
  for (const auto& [first, second] : pairs) {
    const auto outer = static_cast<std::size_t>(first);
    const auto inner = static_cast<std::size_t>(second);
    if (task.dims[outer].extent == 1 || task.dims[inner].extent == 1) {
      if (task.dims[inner].extent != 1 || task.dims[outer].extent == 1) continue;
    }
    bool all = true;
    if (task.dims[inner].extent != 1) {
      forEachOperand(task, [&](Operand& o) { all = all && mergeable(task, o, outer, inner); });
      if (!all) continue;
      forEachOperand(task, [&](Operand& o) { mergeAxes(task, o, outer, inner); });
    } else {
      // Nothing inside: the outer dimension simply takes the inner one's place.
      forEachOperand(task, [&](Operand& o) {
        for (Axis& axis : o.axes) std::swap(axis.coefficients[outer], axis.coefficients[inner]);
      });
    }
    task.dims[inner].extent *= task.dims[outer].extent;
    task.dims[outer].extent = 1;
  }
}

}  // namespace npusim::lowering
