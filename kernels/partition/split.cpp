#include "kernels/partition/split.h"

namespace npusim::partition {
namespace {

void addDimension(plan::Task& task, const CoreCut& cut, const isa::CoreDigit& digit) {
  const auto at = static_cast<std::size_t>(cut.dim);
  plan::Dimension dealt;
  dealt.extent = digit.count;
  dealt.tileable = false;
  dealt.digit = digit;
  dealt.of = cut.dim;
  dealt.whole = task.dims[at].extent;
  task.dims[at].extent = cut.part;
  task.dims.push_back(dealt);
  const auto follow = [&](plan::Operand& operand) {
    for (plan::Axis& axis : operand.axes) {
      axis.coefficients.push_back(axis.coefficients[at] * cut.part);
    }
  };
  for (plan::Operand& operand : task.operands) follow(operand);
  follow(task.output);
}

}  // namespace

std::int64_t coresOf(const std::vector<CoreCut>& cuts) {
  std::int64_t cores = 1;
  for (const CoreCut& cut : cuts) cores *= cut.parts;
  return cores;
}

void split(plan::Task& task, const std::vector<CoreCut>& cuts) {
  std::int64_t divisor = coresOf(cuts);
  for (const CoreCut& cut : cuts) {
    if (cut.parts == 1) continue;
    divisor /= cut.parts;
    addDimension(task, cut, {divisor, cut.parts});
  }
}

}  // namespace npusim::partition
