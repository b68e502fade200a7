#include <algorithm>
#include <array>

#include "kernels/lowering/lowering.h"
#include "kernels/matrix/matrix.h"
#include "kernels/movement/movement.h"
#include "kernels/pipeline/passes.h"
#include "kernels/vector/vector.h"

namespace npusim::passes {
namespace {

using lowering::Lowering;

/// One overload an operation: which family lowers it.
struct Dispatch {
  Lowering& lowering;
  const Node& node;

  void operator()(const Convolution&) const {
    const Graph& graph = lowering.graph();
    const DataType x = graph.value(node.inputs[0]).type;
    const DataType format = isFloat(x) || x == DataType::Int16 ? x : DataType::Int8;
    const ChipConfig& chip = lowering.chip();
    if (node.mapping) return lowerMapped(chip);
    const std::int64_t together = matrix::groupsTogether(chip, format, graph, node);
    const std::int64_t cycles = matrix::arrayCycles(chip, format, graph, node, together);
    const bool constant = graph.isConstant(node.inputs[1]);
    if (constant && vector::prefersVector(chip, format, graph, node, cycles)) {
      vector::lowerDepthwise(lowering, node);
    } else {
      matrix::lowerConvolution(lowering, node, together);
    }
  }
  /// A convolution whose mapping is given.
  void lowerMapped(const ChipConfig& chip) const {
    if (chip.array.dataflow.kind != ArrayKind::RowStationary) {
      throw NotPossible("layer '" + node.name +
                        "': mapping: is of the dataflow row_stationary, chip '" + chip.name +
                        "' has " + chip.array.dataflow.name + "; leave mapping out");
    }
    matrix::lowerConvolution(lowering, node, 1);
  }
  void operator()(const MatMul&) const { matrix::lowerMatMul(lowering, node); }
  void operator()(const Elementwise&) const { vector::lowerElementwise(lowering, node); }
  void operator()(const Pool&) const { vector::lowerPool(lowering, node); }
  void operator()(const Reduce&) const { vector::lowerReduce(lowering, node); }
  void operator()(const Softmax&) const { vector::lowerSoftmax(lowering, node); }
  void operator()(const LayerNorm&) const { vector::lowerLayerNorm(lowering, node); }
  void operator()(const LocalResponseNorm&) const {
    vector::lowerLocalResponseNorm(lowering, node);
  }
  void operator()(const Remap&) const { movement::lowerRemap(lowering, node); }
  void operator()(const Reshape&) const { movement::lowerReshape(lowering, node); }
  void operator()(const Transpose&) const { movement::lowerTranspose(lowering, node); }
  void operator()(const Concat&) const { movement::lowerConcat(lowering, node); }
  void operator()(const Gather&) const { movement::lowerGather(lowering, node); }
  void operator()(const Take&) const { movement::lowerTake(lowering, node); }
  void operator()(const Carried&) const { movement::lowerCarried(lowering, node); }
  void operator()(const Collect&) const { movement::lowerCollect(lowering, node); }
  void operator()(const Merge&) const { movement::lowerMerge(lowering, node); }
};

std::string described(const Node& node) { return node.opName + " '" + node.name + "'"; }

/// Throws NotPossible for a product in a format that the array does not compute.
void checkFormat(const Graph& graph, const Node& node, const ChipConfig& chip) {
  const bool product = std::holds_alternative<Convolution>(node.operation) ||
                       std::holds_alternative<MatMul>(node.operation);
  if (!product) return;
  const DataType x = graph.value(node.inputs.front()).type;
  const bool narrow = x == DataType::Float16 || x == DataType::BFloat16;
  const bool codes = !isFloat(x) && byteSize(x) == 1;
  const DataType format = codes ? DataType::Int8 : x;
  const bool wide = x == DataType::Float32 || x == DataType::Int16;
  if ((!codes && !narrow && !wide) || chip.supports(format)) return;
  throw NotPossible("not supported: " + described(node) + " in " + std::string(name(format)) +
                    ", which the array of chip '" + chip.name + "' does not compute");
}

/// The element operations that a task asks of the vector unit.
std::vector<ElementOp> elementOps(const plan::Task& task) {
  std::vector<ElementOp> ops;
  const auto add = [&](const std::vector<isa::VectorStep>& steps) {
    for (const isa::VectorStep& step : steps) ops.push_back(step.op);
  };
  if (const auto* matrix = std::get_if<plan::MatrixWork>(&task.work)) add(matrix->steps);
  if (const auto* vector = std::get_if<plan::VectorWork>(&task.work)) {
    for (const plan::Pass& pass : vector->passes) {
      add(pass.pre);
      add(pass.post);
    }
  }
  return ops;
}

/// Throws NotPossible for a task that asks an operation of the vector unit that it does not have.
void checkVectorUnit(const plan::Task& task, const Node& node, const ChipConfig& chip) {
  static constexpr std::array kKeys = {"simple", "divide", "transcendental"};
  for (const ElementOp op : elementOps(task)) {
    const auto kind = static_cast<std::size_t>(costClass(op));
    if (chip.vector.opsPerCycle.at(kind) > 0) continue;
    throw NotPossible("not supported: " + described(node) + " needs " + std::string(name(op)) +
                      ", which the vector unit of chip '" + chip.name +
                      "' does not have (vector.ops_per_cycle." + kKeys.at(kind) + " is 0)");
  }
}

void lowerNode(Lowering& lowering, const Node& node) {
  const std::size_t before = lowering.tasks().size();
  checkFormat(lowering.graph(), node, lowering.chip());
  std::visit(Dispatch{lowering, node}, node.operation);
  for (std::size_t t = before; t < lowering.tasks().size(); ++t) {
    checkVectorUnit(lowering.tasks()[t], node, lowering.chip());
  }
}

}  // namespace

plan::Plan lower(const Graph& unsettled, const ChipConfig& chip, const CompileOptions& options) {
  Graph graph = unsettled;
  settleMerges(graph);
  Lowering lowering(graph, chip, options.precision, options.values);
  std::vector<Refusal> refusals;
  for (const Node& node : graph.nodes) {
    lowering.enter(node.repeat);
    if (elementCount(graph.value(node.output).shape) == 0) {
      lowering.outputView(node);  // nothing to compute
      continue;
    }
    try {
      lowerNode(lowering, node);
    } catch (const NotPossible& refused) {
      refusals.push_back({node.name, refused.what()});
      if (!lowering.hasView(node.output)) lowering.outputView(node);
    }
  }
  if (!refusals.empty()) throw OperatorsLacking(std::move(refusals));
  lowering.enter(-1);
  lowering.addOutputs();
  plan::Plan plan = lowering.take();
  if (chip.array.partialSumBytes == 2) plan.sumType = DataType::Float16;
  plan.streams = std::any_of(chip.memories.begin(), chip.memories.end(), [](const auto& memory) {
    return memory.holdsKind(Holds::Activations) && memory.compression != Compression::None;
  });
  return plan;
}

}  // namespace npusim::passes
