#include "kernels/lowering/operands.h"

#include <numeric>

namespace npusim::lowering {

std::vector<int> upTo(std::size_t count) {
  std::vector<int> result(count);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

plan::Axis axisOf(std::size_t taskDims, std::int64_t extent, std::int64_t stride,
                  const std::vector<DimTerm>& terms, std::int64_t offset) {
  plan::Axis axis{extent, stride, std::vector<std::int64_t>(taskDims, 0), offset, 0, 0};
  for (const DimTerm& term : terms) {
    axis.coefficients[static_cast<std::size_t>(term.dim)] = term.coefficient;
  }
  return axis;
}

plan::Operand operandAt(const plan::View& view, isa::Scaling scaling) {
  return {view.block, view.offset, view.type, scaling, {}, view.passes};
}

int addOperand(plan::Task& task, plan::Operand operand) {
  task.operands.push_back(std::move(operand));
  return static_cast<int>(task.operands.size()) - 1;
}

plan::Operand channelOperand(const plan::Task& task, plan::BlockId block, DataType type,
                             std::int64_t channels, const std::vector<DimTerm>& channel) {
  return {block, 0, type, {}, {axisOf(task.dims.size(), channels, byteSize(type), channel)}};
}

void addScaleStep(Lowering& lowering, const Node& node, plan::Task& task,
                  std::vector<isa::VectorStep>& steps, std::int64_t channels,
                  const std::vector<DimTerm>& channel) {
  const auto& x = lowering.graph().value(node.inputs[0]).quantization;
  if (!x) return;
  const std::vector<float>& scales = lowering.graph().value(node.inputs[1]).quantization->scales;
  const float sx = x->scales.front();
  if (scales.size() == 1) {
    steps.push_back({ElementOp::Mul, -1, sx * scales.front(), 0, false});
    return;
  }
  const plan::BlockId block = lowering.addConstant(node.name + ".scale", channels * 4, [&] {
    std::vector<float> products(static_cast<std::size_t>(channels));
    for (std::size_t i = 0; i < products.size(); ++i) products[i] = sx * scales[i % scales.size()];
    return bytesOf(products);
  });
  const int operand =
      addOperand(task, channelOperand(task, block, DataType::Float32, channels, channel));
  steps.push_back({ElementOp::Mul, operand, 0, 0, false});
}

}  // namespace npusim::lowering
