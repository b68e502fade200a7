#include "kernels/plan/plan.h"

#include <algorithm>

namespace npusim::plan {
namespace {

void verifyOperand(const Plan& plan, const Task& task, const Operand& operand) {
  ensure(operand.block >= 0 && operand.block < static_cast<BlockId>(plan.blocks.size()),
         "a task's operand names no block");
  for (const Axis& axis : operand.axes) {
    ensure(axis.coefficients.size() == task.dims.size(),
           "an axis has coefficients of another task");
  }
  const ByteRange range = footprint(task, operand);
  ensure(range.first >= 0 && range.last <= plan.block(operand.block).bytes,
         "a task's operand leaves its block");
}

/// Is the axis indexed by what a gather looks up: anywhere in it?
bool looksUp(const Task& task, const Operand& operand, const Axis& axis) {
  const auto* copy = std::get_if<CopyWork>(&task.work);
  return copy != nullptr && copy->gatherDim && &operand == task.operands.data() &&
         axis.coefficients[static_cast<std::size_t>(*copy->gatherDim)] != 0;
}

}  // namespace

void Encoding::tileBy(std::int64_t columns, std::int64_t rows) {
  code.columns = columns;
  code.rows = rows;
  code.rowsPerScale = 1;
  if (isScaled(code.format))
    code.rowsPerScale = rowsPerScale == 0 ? rows : std::min(rowsPerScale, rows);
  tiled = true;
}

bool Plan::isIn(int repeat, int outer) const {
  while (repeat != outer && repeat >= 0)
    repeat = repeats.at(static_cast<std::size_t>(repeat)).parent;
  return repeat == outer;
}

int Plan::loopInside(int repeat, int outer) const {
  int inner = repeat;
  while (repeat != outer) {
    inner = repeat;
    repeat = repeats.at(static_cast<std::size_t>(repeat)).parent;
  }
  return inner;
}

int Plan::depthOf(int repeat) const {
  int depth = 0;
  for (; repeat >= 0; repeat = repeats.at(static_cast<std::size_t>(repeat)).parent) ++depth;
  return depth;
}

std::int64_t Plan::passesOf(int repeat) const {
  std::int64_t passes = 1;
  while (repeat >= 0) {
    const Repeat& loop = repeats.at(static_cast<std::size_t>(repeat));
    passes *= loop.passes;
    repeat = loop.parent;
  }
  return passes;
}

void Plan::verify() const {
  ensure(tasks.size() == layers.size(), "tasks and layers differ in number");
  for (const Task& task : tasks) {
    for (const Operand& operand : task.operands) verifyOperand(*this, task, operand);
    verifyOperand(*this, task, task.output);
  }
  for (const Repeat& repeat : repeats) {
    ensure(!repeat.condition ||
               (repeat.condition->type == DataType::Bool && repeat.condition->block != kNoBlock),
           "a condition is no boolean that lies somewhere");
  }
  for (const Block& each : blocks) {
    ensure(
        each.contents == nullptr || static_cast<std::int64_t>(each.contents->size()) == each.bytes,
        "a constant block's contents have another size");
  }
}

int dealtFrom(const Task& task, int dim) {
  for (std::size_t d = task.dims.size(); d-- > 0 && task.dims[d].digit;) {
    if (task.dims[d].of == dim) return static_cast<int>(d);
  }
  return -1;
}

std::int64_t wholeExtent(const Task& task, int dim) {
  const Dimension& own = task.dims[static_cast<std::size_t>(dim)];
  if (own.isOuter()) return 1;
  const int dealt = dealtFrom(task, dim);
  return dealt < 0 ? own.extent : task.dims[static_cast<std::size_t>(dealt)].whole;
}

bool endsEarly(const Task& task, int dim) {
  const int dealt = dealtFrom(task, dim);
  if (dealt < 0) return false;
  const Dimension& parts = task.dims[static_cast<std::size_t>(dealt)];
  return parts.extent * task.dims[static_cast<std::size_t>(dim)].extent != parts.whole;
}

bool leavesIdle(const Task& task, int dim) {
  const int dealt = dealtFrom(task, dim);
  if (dealt < 0) return false;
  const Dimension& parts = task.dims[static_cast<std::size_t>(dealt)];
  return (parts.extent - 1) * task.dims[static_cast<std::size_t>(dim)].extent >= parts.whole;
}

std::vector<isa::CoreDigit> digitsOf(const Task& task) {
  std::vector<isa::CoreDigit> digits;
  for (const Dimension& dim : task.dims) {
    if (dim.digit) digits.push_back(*dim.digit);
  }
  std::sort(digits.begin(), digits.end(),
            [](const auto& x, const auto& y) { return x.divisor < y.divisor; });
  return digits;
}

isa::CoreDigit sharersOf(const Task& task, const Operand& operand) {
  isa::CoreDigit best, run;
  for (const isa::CoreDigit& digit : digitsOf(task)) {
    const auto dim = std::find_if(task.dims.begin(), task.dims.end(),
                                  [&](const Dimension& d) { return d.digit == digit; });
    const auto at = static_cast<std::size_t>(dim - task.dims.begin());
    const bool follows = std::any_of(operand.axes.begin(), operand.axes.end(),
                                     [&](const Axis& axis) { return axis.coefficients[at] != 0; });
    const std::int64_t count = follows ? 1 : digit.count;
    const bool continues = run.count > 1 && !follows && digit.divisor == run.divisor * run.count;
    run = continues ? isa::CoreDigit{run.divisor, run.count * count}
                    : isa::CoreDigit{follows ? 1 : digit.divisor, count};
    if (run.count > best.count) best = run;
  }
  return best;
}

Coordinates coordinates(const Task& task, const Axis& axis) {
  Coordinates result{axis.offset, axis.offset};
  for (std::size_t d = 0; d < task.dims.size(); ++d) {
    const std::int64_t step = axis.coefficients[d];
    if (step == 0) continue;
    const Dimension& dim = task.dims[d];
    // The positions of parts and in them are one run of positions where the axis follows both.
    if (dim.digit && axis.coefficients[static_cast<std::size_t>(dim.of)] != 0) continue;
    const int dealt = dim.isOuter() ? -1 : dealtFrom(task, static_cast<int>(d));
    const bool follows = dealt >= 0 && axis.coefficients[static_cast<std::size_t>(dealt)] != 0;
    const std::int64_t reach =
        step * ((follows ? wholeExtent(task, static_cast<int>(d)) : dim.extent) - 1);
    (reach < 0 ? result.low : result.high) += reach;
  }
  return result;
}

ByteRange footprint(const Task& task, const Operand& operand) {
  ByteRange range{operand.offset, operand.offset + byteSize(operand.type)};
  for (const PassStride& pass : operand.passes) {
    range.first += std::min<std::int64_t>(0, pass.farthest());
    range.last += std::max<std::int64_t>(0, pass.farthest());
  }
  for (const Axis& axis : operand.axes) {
    auto [low, high] = coordinates(task, axis);
    if (looksUp(task, operand, axis)) high = axis.extent - 1;
    low = std::max<std::int64_t>(low, 0);
    high = std::min(high, axis.extent - 1);
    if (high < low) return {operand.offset, operand.offset};
    if (axis.blockLength > 0) {
      range.last += high / axis.blockLength * axis.blockStride +
                    std::min(high, axis.blockLength - 1) * axis.stride;
      continue;
    }
    range.first += std::min(low * axis.stride, high * axis.stride);
    range.last += std::max(low * axis.stride, high * axis.stride);
  }
  return range;
}

}  // namespace npusim::plan
