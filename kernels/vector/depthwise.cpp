#include <numeric>

#include "kernels/lowering/operands.h"
#include "kernels/vector/one_pass.h"
#include "kernels/vector/vector.h"
#include "kernels/vector/window_task.h"
#include "sim/laws/vector_law.h"

namespace npusim::vector {
namespace {

using lowering::DimTerm;
using lowering::Lowering;

/// The task dimensions that make an output channel.
std::vector<DimTerm> channelTerms(std::int64_t multiple) {
  return {{Channel, multiple}, {Multiple, 1}};
}

/// Weights [M, 1, R, S] laid out [r][s][M], so that a window position's channels lie together.
plan::Operand weightOperand(Lowering& lowering, const Node& node, const lowering::Windows& windows,
                            std::int64_t multiple) {
  const Value& w = lowering.graph().value(node.inputs[1]);
  const std::int64_t outputs = w.shape.front();
  const std::int64_t width = byteSize(w.type);
  plan::Operand operand;
  operand.type = w.type;
  operand.block = lowering.addConstant(node.name + ".weights", elementCount(w.shape) * width, [&] {
    std::vector<int> order(w.shape.size());
    std::iota(order.begin(), order.end() - 1, 1);
    order.back() = 0;
    return lowering::permuted(w.constant->materialize(w.type, w.shape), order);
  });
  using lowering::axisOf;
  operand.axes = {
      axisOf(kWindowDims, windows.kernelH, windows.kernelW * outputs * width, {{WindowRow, 1}}),
      axisOf(kWindowDims, windows.kernelW, outputs * width, {{WindowColumn, 1}}),
      axisOf(kWindowDims, outputs, width, channelTerms(multiple)),
  };
  return operand;
}

/// Adds the node's bias to the windowed sum.
void addBias(Lowering& lowering, const Node& node, plan::Task& task, plan::Pass& pass,
             std::int64_t multiple) {
  if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return;
  const plan::View bias = lowering.view(node.inputs[2]);
  const int operand = lowering::addOperand(
      task, lowering::channelOperand(task, bias.block, bias.type, bias.shape.front(),
                                     channelTerms(multiple)));
  pass.post.push_back({ElementOp::Add, operand, 0, 0, false});
}

}  // namespace

bool prefersVector(const ChipConfig& chip, DataType precision, const Graph& graph, const Node& node,
                   std::int64_t arrayCycles) {
  if (chip.idealMemory) return false;  // there only the array's cycles count
  if (hasZeroPoints(graph, node)) return false;
  if (precision == DataType::Int16) return false;  // fp32 does not hold the sums
  if (graph.value(node.inputs[1]).shape[1] != 1 || !graph.isConstant(node.inputs[1])) return false;
  if (graph.value(node.output).shape.size() > 4 || !chip.supports(precision)) return false;
  VectorShape shape;
  shape.outputs = elementCount(graph.value(node.output).shape);
  const Shape& w = graph.value(node.inputs[1]).shape;
  shape.elements = shape.outputs * (elementCount(w) / w.front());
  shape.reduces = true;
  shape.preSteps[0] = 1;
  shape.postSteps[0] = 1;
  for (const ElementStep& step : node.steps) {
    ++shape.postSteps[static_cast<std::size_t>(costClass(step.op))];
  }
  return vectorCycles(chip.vector, shape) < arrayCycles;
}

void lowerDepthwise(Lowering& lowering, const Node& node) {
  const Graph& graph = lowering.graph();
  const lowering::Windows windows = lowering::windowsOf(graph, node);
  const plan::View x = lowering.view(node.inputs[0]);
  const plan::View y = lowering.outputView(node);
  const std::int64_t multiple = y.shape[1] / x.shape[1];
  const lowering::DimMap map = windowMap(y.shape.size(), multiple);
  const std::vector<int> layout = windowLayout(y.shape.size());
  plan::Task task;
  task.dims = windowDims(y.shape, windows, multiple);
  isa::Scaling stored = lowering.scaling(node.inputs[0]);
  stored.scale = 1;  // sums stay whole numbers until the step that applies the scales
  task.operands.push_back(windowOperand(x, stored, windows));
  task.operands.push_back(weightOperand(lowering, node, windows, multiple));
  plan::Pass pass;
  pass.dims = {Image, Row, Column, Channel, Multiple, WindowRow, WindowColumn};
  pass.reduceDims = 2;
  pass.pre.push_back({ElementOp::Mul, 1, 0, 0, false});
  addBias(lowering, node, task, pass, multiple);
  addScaleStep(lowering, node, task, pass.post, y.shape[1], channelTerms(multiple));
  task.output = lowering.operand(y, lowering.scaling(node.output), map, layout, kWindowDims);
  addOnePass(lowering, node, std::move(task), std::move(pass), map, layout);
}

}  // namespace npusim::vector
