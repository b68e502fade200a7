#include <algorithm>

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
    const DataType format = isFloat(x) ? x : DataType::Int8;
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

}  // namespace

plan::Plan lower(const Graph& unsettled, const ChipConfig& chip, const CompileOptions& options) {
  Graph graph = unsettled;
  settleMerges(graph);
  Lowering lowering(graph, chip, options.precision, options.values);
  for (const Node& node : graph.nodes) {
    lowering.enter(node.repeat);
    if (elementCount(graph.value(node.output).shape) == 0) {
      lowering.outputView(node);  // nothing to compute
      continue;
    }
    std::visit(Dispatch{lowering, node}, node.operation);
  }
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
