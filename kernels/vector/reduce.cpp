#include <algorithm>

#include "kernels/lowering/operands.h"
#include "kernels/vector/kept_and_reduced.h"
#include "kernels/vector/one_pass.h"
#include "kernels/vector/vector.h"

namespace npusim::vector {
namespace {

using lowering::DimMap;
using lowering::Lowering;
using lowering::upTo;

/// Appends the node's steps to its last pass.
void addSteps(plan::Pass& pass, const std::vector<isa::VectorStep>& steps) {
  for (isa::VectorStep step : steps) {
    if (step.operand >= 0) {
      pass.operands.push_back(step.operand);
      step.operand = static_cast<int>(pass.operands.size()) - 1;
    }
    pass.post.push_back(step);
  }
}

}  // namespace

void lowerReduce(Lowering& lowering, const Node& node) {
  const auto& reduce = std::get<Reduce>(node.operation);
  const ValueId input = node.inputs.front();
  const plan::View x = lowering.view(input);
  const plan::View y = lowering.outputView(node);
  const Split dims = split(x, reduce.axes);
  const DimMap xMap = identityMap(dims);
  DimMap yMap;
  for (int d = 0; d < static_cast<int>(x.shape.size()); ++d) {
    const bool gone = std::find(reduce.axes.begin(), reduce.axes.end(), d) != reduce.axes.end();
    if (!gone) yMap.push_back(xMap[static_cast<std::size_t>(d)]);
    if (gone && reduce.keepDims) yMap.emplace_back();
  }
  plan::Task task;
  task.dims = dims.dims;
  task.operands.push_back(lowering.operand(x, lowering.scaling(input), xMap,
                                           lowering::physicalOrder(x), task.dims.size()));
  const std::vector<int> layout = lowering::physicalOrder(y);
  task.output = lowering.operand(y, lowering.scaling(node.output), yMap, layout, task.dims.size());
  plan::Pass pass;
  pass.dims = upTo(task.dims.size());
  pass.reduceDims = static_cast<int>(dims.reduced.size());
  pass.reduce = reduce.kind == ReduceOp::Mean ? ReduceOp::Sum : reduce.kind;
  if (reduce.kind == ReduceOp::Mean) {
    const std::int64_t count = elementCount(x.shape) / elementCount(y.shape);
    pass.post.push_back({ElementOp::Mul, -1, 1.0F / static_cast<float>(count), 0, false});
  }
  addOnePass(lowering, node, std::move(task), std::move(pass), yMap, layout);
}

void lowerSoftmax(Lowering& lowering, const Node& node) {
  const ValueId input = node.inputs.front();
  const plan::View x = lowering.view(input);
  const plan::View y = lowering.outputView(node);
  const Split dims = split(x, {std::get<Softmax>(node.operation).axis});
  const DimMap map = identityMap(dims);
  plan::Task task;
  task.dims = dims.dims;
  task.operands.push_back(lowering.operand(x, lowering.scaling(input), map,
                                           lowering::physicalOrder(x), task.dims.size()));
  task.output = lowering.operand(y, lowering.scaling(node.output), map, lowering::physicalOrder(y),
                                 task.dims.size());
  const std::vector<int> all = upTo(task.dims.size());
  enum : int { RowMax, Exponential, RowSum };
  plan::VectorWork work;
  work.temporaries = {{dims.kept}, {all}, {dims.kept}};
  plan::Pass largest{all, 1, ReduceOp::Max, {0}, {}, {}, RowMax};
  plan::Pass exponential{all, 0, ReduceOp::Sum, {0, ~RowMax}, {}, {}, Exponential};
  exponential.post = {{ElementOp::Sub, 1, 0, 0, false}, {ElementOp::Exp, -1, 0, 0, false}};
  plan::Pass sum{all, 1, ReduceOp::Sum, {~Exponential}, {}, {}, RowSum};
  plan::Pass quotient{all, 0, ReduceOp::Sum, {~Exponential, ~RowSum}, {}, {}, std::nullopt};
  quotient.post = {{ElementOp::Div, 1, 0, 0, false}};
  addSteps(quotient, lowering.steps(node, task, map, lowering::physicalOrder(y)));
  work.passes = {largest, exponential, sum, quotient};
  task.work = std::move(work);
  lowering::simplify(task, {});
  lowering.addTask(node, std::move(task), node.opName);
}

void lowerLayerNorm(Lowering& lowering, const Node& node) {
  const auto& norm = std::get<LayerNorm>(node.operation);
  const ValueId input = node.inputs.front();
  const plan::View x = lowering.view(input);
  const plan::View y = lowering.outputView(node);
  std::vector<int> axes;
  std::int64_t count = 1;
  for (int d = norm.axis; d < static_cast<int>(x.shape.size()); ++d) {
    axes.push_back(d);
    count *= x.shape[static_cast<std::size_t>(d)];
  }
  const float share = 1.0F / static_cast<float>(count);
  const Split dims = split(x, axes);
  const DimMap map = identityMap(dims);
  plan::Task task;
  task.dims = dims.dims;
  task.operands.push_back(lowering.operand(x, lowering.scaling(input), map,
                                           lowering::physicalOrder(x), task.dims.size()));
  task.output = lowering.operand(y, lowering.scaling(node.output), map, lowering::physicalOrder(y),
                                 task.dims.size());
  const std::vector<int> all = upTo(task.dims.size());
  const int reduced = static_cast<int>(axes.size());
  plan::VectorWork work;
  const int scale = 0;
  work.temporaries = {{dims.kept}};
  int centered = 0;  // the operand itself
  if (norm.centered) {
    work.temporaries.push_back({dims.kept});
    work.temporaries.push_back({all});
    plan::Pass mean{all, reduced, ReduceOp::Sum, {0}, {}, {}, 1};
    mean.post = {{ElementOp::Mul, -1, share, 0, false}};
    plan::Pass difference{all, 0, ReduceOp::Sum, {0, ~1}, {}, {}, 2};
    difference.post = {{ElementOp::Sub, 1, 0, 0, false}};
    work.passes = {mean, difference};
    centered = ~2;
  }
  plan::Pass deviation{all, reduced, ReduceOp::Sum, {centered}, {}, {}, scale};
  deviation.pre = {{ElementOp::Square, -1, 0, 0, false}};
  deviation.post = {{ElementOp::Mul, -1, share, 0, false},
                    {ElementOp::Add, -1, norm.epsilon, 0, false},
                    {ElementOp::Sqrt, -1, 0, 0, false}};
  plan::Pass quotient{all, 0, ReduceOp::Sum, {centered, ~scale}, {}, {}, std::nullopt};
  quotient.post = {{ElementOp::Div, 1, 0, 0, false}};
  addSteps(quotient, lowering.steps(node, task, map, lowering::physicalOrder(y)));
  work.passes.push_back(deviation);
  work.passes.push_back(quotient);
  task.work = std::move(work);
  lowering::simplify(task, {});
  lowering.addTask(node, std::move(task), node.opName);
}

void lowerLocalResponseNorm(Lowering& lowering, const Node& node) {
  const auto& norm = std::get<LocalResponseNorm>(node.operation);
  const ValueId input = node.inputs.front();
  const plan::View x = lowering.view(input);
  const plan::View y = lowering.outputView(node);
  plan::Task task;
  const Split dims = split(x, {1});
  task.dims = dims.dims;
  const int channel = dims.reduced.front();
  const int window = static_cast<int>(task.dims.size());
  task.dims.push_back({x.shape[1] == 1 ? 1 : norm.size, false});  // a lone channel has no neighbour
  const DimMap map = identityMap(dims);
  const std::vector<int> layout = lowering::physicalOrder(x);
  const isa::Scaling scaling = lowering.scaling(input);
  plan::Operand whole = lowering.operand(x, scaling, map, layout, task.dims.size());
  plan::Operand shifted = whole;
  for (plan::Axis& axis : shifted.axes) {
    if (axis.coefficients[static_cast<std::size_t>(channel)] == 0) continue;
    axis.coefficients[static_cast<std::size_t>(window)] = 1;
    axis.offset = -((norm.size - 1) / 2);
  }
  task.operands = {whole, shifted};
  task.output = lowering.operand(y, lowering.scaling(node.output), map, lowering::physicalOrder(y),
                                 task.dims.size());
  std::vector<int> all = upTo(task.dims.size() - 1);
  std::vector<int> windowed = upTo(task.dims.size());
  plan::VectorWork work;
  work.temporaries = {{all}};
  const float perValue = norm.alpha / static_cast<float>(norm.size);
  plan::Pass divisor{windowed, 1, ReduceOp::Sum, {1}, {}, {}, 0};
  divisor.pre = {{ElementOp::Square, -1, 0, 0, false}};
  divisor.post = {{ElementOp::Mul, -1, perValue, 0, false},
                  {ElementOp::Add, -1, norm.bias, 0, false},
                  {ElementOp::Pow, -1, norm.beta, 0, false}};
  plan::Pass quotient{all, 0, ReduceOp::Sum, {0, ~0}, {}, {}, std::nullopt};
  quotient.post = {{ElementOp::Div, 1, 0, 0, false}};
  work.passes = {divisor, quotient};
  task.work = std::move(work);
  lowering::simplify(task, {});
  lowering.addTask(node, std::move(task), node.opName);
}

}  // namespace npusim::vector
