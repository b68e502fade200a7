#include <algorithm>
#include <limits>
#include <string>

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

namespace {

/// One pass of a reduction: over some of the node's axes, from one view to another.
struct Stage {
  plan::View from, to;
  isa::Scaling fromScaling, toScaling;
  std::vector<int> axes;
  bool keepDims = true;
};

/// Where each dimension of the result comes from.
DimMap resultMap(const Stage& stage, const DimMap& map) {
  DimMap result;
  for (int d = 0; d < static_cast<int>(map.size()); ++d) {
    const bool gone = std::ranges::find(stage.axes, d) != stage.axes.end();
    if (!gone) result.push_back(map[static_cast<std::size_t>(d)]);
    if (gone && stage.keepDims) result.emplace_back();
  }
  return result;
}

/// Bytes that the reduced dimensions of a tile may take: a tile holds them whole.
std::int64_t mostReducedBytes(const ChipConfig& chip) {
  constexpr std::int64_t kTilesInBuffer = 4;  // two, by turns, and room for what they become
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  if (chip.idealMemory) return least;
  for (const auto& buffer : chip.buffers) {
    if (buffer.holdsKind(Holds::Activations)) {
      least = std::min(least, buffer.capacityBytes / kTilesInBuffer);
    }
  }
  return least;
}

/// Takes off a stage the axes, those that lie outermost, without which it fits the chip.
std::vector<int> takeExcess(const ChipConfig& chip, Stage& stage) {
  std::vector<int> axes, excess, single;
  std::int64_t bytes = byteSize(stage.from.type);
  for (const int d : lowering::physicalOrder(stage.from)) {
    if (std::ranges::find(stage.axes, d) == stage.axes.end()) continue;
    const std::int64_t extent = stage.from.shape[static_cast<std::size_t>(d)];
    (extent == 1 ? single : axes).push_back(d);
    bytes *= extent;
  }
  while (axes.size() > 1 && bytes > mostReducedBytes(chip)) {
    bytes /= stage.from.shape[static_cast<std::size_t>(axes.front())];
    excess.push_back(axes.front());
    axes.erase(axes.begin());
  }
  if (excess.empty()) return excess;
  stage.axes = axes;
  stage.axes.insert(stage.axes.end(), single.begin(), single.end());
  return excess;
}

/// What partial results are kept as: sums of integers do not overflow.
DataType partialType(DataType type, ReduceOp kind, bool scaled) {
  if (scaled || (isFloat(type) && type != DataType::Float64)) return DataType::Float32;
  if (kind == ReduceOp::Max || kind == ReduceOp::Min || byteSize(type) == 8) return type;
  return DataType::Int64;
}

struct StageTask {
  plan::Task task;
  plan::Pass pass;
  DimMap map;
  std::vector<int> layout;
};

StageTask taskOf(const Lowering& lowering, const Stage& stage, ReduceOp kind) {
  StageTask made;
  const Split dims = split(stage.from, stage.axes);
  const DimMap all = identityMap(dims);
  made.map = resultMap(stage, all);
  made.layout = lowering::physicalOrder(stage.to);
  made.task.dims = dims.dims;
  const std::size_t rank = dims.dims.size();
  made.task.operands.push_back(lowering.operand(stage.from, stage.fromScaling, all,
                                                lowering::physicalOrder(stage.from), rank));
  made.task.output = lowering.operand(stage.to, stage.toScaling, made.map, made.layout, rank);
  made.pass.dims = upTo(rank);
  made.pass.reduceDims = static_cast<int>(dims.reduced.size());
  made.pass.reduce = kind == ReduceOp::Mean ? ReduceOp::Sum : kind;
  return made;
}

}  // namespace

void lowerReduce(Lowering& lowering, const Node& node) {
  const auto& reduce = std::get<Reduce>(node.operation);
  const ValueId input = node.inputs.front();
  const plan::View y = lowering.outputView(node);
  Stage stage{lowering.view(input),          y,           lowering.scaling(input),
              lowering.scaling(node.output), reduce.axes, reduce.keepDims};
  const std::int64_t count =
      elementCount(stage.from.shape) / std::max<std::int64_t>(1, elementCount(y.shape));
  std::vector<int> excess = takeExcess(lowering.chip(), stage);
  for (int part = 0; !excess.empty(); ++part) {
    const std::string name = ".part" + std::to_string(part);
    const bool scaled = lowering.graph().value(input).quantization.has_value();
    Shape shape = stage.from.shape;
    for (const int d : stage.axes) shape[static_cast<std::size_t>(d)] = 1;
    stage.to = lowering.addActivation(
        node.name + name, partialType(stage.from.type, reduce.kind, scaled), shape, false);
    stage.toScaling = {};
    stage.keepDims = true;
    StageTask made = taskOf(lowering, stage, reduce.kind);
    made.pass.operands = {0};
    made.task.work = plan::VectorWork{{std::move(made.pass)}, {}};
    lowering::simplify(made.task, {});
    lowering.addTask(node, std::move(made.task), node.opName, name);
    // What is done is one position long, and goes with the rest.
    stage = {stage.to, y, {}, lowering.scaling(node.output), reduce.axes, reduce.keepDims};
    excess = takeExcess(lowering.chip(), stage);
  }
  StageTask made = taskOf(lowering, stage, reduce.kind);
  if (reduce.kind == ReduceOp::Mean) {
    made.pass.post.push_back({ElementOp::Mul, -1, 1.0F / static_cast<float>(count), 0, false});
  }
  addOnePass(lowering, node, std::move(made.task), std::move(made.pass), made.map, made.layout);
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
