#include <numeric>

#include "kernels/vector/vector.h"
#include "kernels/vector/windows.h"
#include "sim/laws/vector_law.h"

namespace npusim::vector {
namespace {

using lowering::DimMap;
using lowering::Lowering;

Windows windowsOf(const Graph& graph, const Node& node) {
  const auto& conv = std::get<Convolution>(node.operation);
  const Shape& w = graph.value(node.inputs[1]).shape;
  return {node,           {w.begin() + 2, w.end()}, conv.strides,
          conv.dilations, conv.padsBegin,           conv.padsEnd};
}

int append(plan::Task& task, plan::Operand operand) {
  task.operands.push_back(std::move(operand));
  return static_cast<int>(task.operands.size()) - 1;
}

/// A vector of one number an output channel.
plan::Operand channelOperand(const plan::View& view, isa::Scaling scaling, std::int64_t multiple) {
  plan::Operand operand{view.block, view.offset, view.type, scaling, {}};
  plan::Axis axis{
      view.shape.front(), byteSize(view.type), std::vector<std::int64_t>(kWindowDims, 0), 0, 0, 0};
  axis.coefficients[Channel] = multiple;
  axis.coefficients[Multiple] = 1;
  operand.axes.push_back(std::move(axis));
  return operand;
}

/// Weights [M, 1, R, S] laid out [r][s][M], so that a window position's channels lie together.
plan::Operand weightOperand(Lowering& lowering, const Node& node, const Windows& windows,
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
  const auto axis = [&](std::int64_t extent, std::int64_t stride,
                        std::initializer_list<lowering::DimTerm> terms) {
    plan::Axis made{extent, stride, std::vector<std::int64_t>(kWindowDims, 0), 0, 0, 0};
    for (const auto& term : terms)
      made.coefficients[static_cast<std::size_t>(term.dim)] = term.coefficient;
    operand.axes.push_back(std::move(made));
  };
  axis(windows.kernelH, windows.kernelW * outputs * width, {{WindowRow, 1}});
  axis(windows.kernelW, outputs * width, {{WindowColumn, 1}});
  axis(outputs, width, {{Channel, multiple}, {Multiple, 1}});
  return operand;
}

/// Turns the windowed sum into a real: bias, and for integers the product of the scales.
void addBiasAndScale(Lowering& lowering, const Node& node, plan::Task& task, plan::Pass& pass,
                     std::int64_t multiple) {
  const Graph& graph = lowering.graph();
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    const int bias = append(task, channelOperand(lowering.view(node.inputs[2]), {}, multiple));
    pass.post.push_back({ElementOp::Add, bias, 0, 0, false});
  }
  const auto& x = graph.value(node.inputs[0]).quantization;
  if (!x) return;
  const Value& w = graph.value(node.inputs[1]);
  const std::int64_t outputs = w.shape.front();
  plan::View scales{kNoValue, 0, DataType::Float32, {outputs}, {4}};
  scales.block = lowering.addConstant(node.name + ".scale", outputs * 4, [&] {
    Tensor products(DataType::Float32, {outputs});
    for (std::int64_t i = 0; i < outputs; ++i) {
      const std::vector<float>& own = w.quantization->scales;
      products.as<float>()[static_cast<std::size_t>(i)] =
          x->scales.front() * (own.size() == 1 ? own[0] : own[static_cast<std::size_t>(i)]);
    }
    return std::vector<std::byte>(products.bytes().begin(), products.bytes().end());
  });
  const int scale = append(task, channelOperand(scales, {}, multiple));
  pass.post.push_back({ElementOp::Mul, scale, 0, 0, false});
}

}  // namespace

bool prefersVector(const ChipConfig& chip, DataType precision, const Graph& graph, const Node& node,
                   std::int64_t arrayCycles) {
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
  const Windows windows = windowsOf(graph, node);
  const plan::View x = lowering.view(node.inputs[0]);
  const plan::View y = lowering.outputView(node);
  const std::int64_t multiple = y.shape[1] / x.shape[1];
  const DimMap map = windowMap(y.shape.size(), multiple);
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
  addBiasAndScale(lowering, node, task, pass, multiple);
  task.output = lowering.operand(y, lowering.scaling(node.output), map, layout, kWindowDims);
  const std::vector<isa::VectorStep> steps = lowering.steps(node, task, map, layout);
  pass.post.insert(pass.post.end(), steps.begin(), steps.end());
  pass.operands.resize(task.operands.size());
  std::iota(pass.operands.begin(), pass.operands.end(), 0);
  task.work = plan::VectorWork{{pass}, {}};
  lowering::simplify(task, {});
  lowering.addTask(node, std::move(task), node.opName);
}

}  // namespace npusim::vector
