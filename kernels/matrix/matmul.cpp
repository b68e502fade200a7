#include <algorithm>
#include <functional>
#include <numeric>

#include "kernels/lowering/operands.h"
#include "kernels/matrix/common.h"
#include "kernels/matrix/matrix.h"

namespace npusim::matrix {
namespace {

using namespace plan;
using lowering::DimMap;
using lowering::Lowering;
using lowering::upTo;

/// The operand's view as at least a matrix: a vector a becomes [1, K], a vector b [K, 1].
View asMatrix(View view, bool left) {
  if (view.shape.size() > 1) return view;
  const auto at = left ? view.shape.begin() : view.shape.end();
  const auto strideAt = left ? view.strides.begin() : view.strides.end();
  view.shape.insert(at, 1);
  view.strides.insert(strideAt, 0);
  return view;
}

/// Constant b [.., K, N] (or [.., N, K]) to [batch][k][n].
Weights pack(const Lowering& lowering, const Value& b, bool transposed) {
  Shape shape = b.shape;
  if (shape.size() == 1) shape.push_back(1);
  const std::size_t rank = shape.size();
  Weights result;
  result.k = shape[rank - (transposed ? 1 : 2)];
  result.n = shape[rank - (transposed ? 2 : 1)];
  result.groups = elementCount(shape) / (result.k * result.n);
  std::vector<int> order(rank);
  std::iota(order.begin(), order.end(), 0);
  if (transposed) std::swap(order[rank - 1], order[rank - 2]);
  packWeights(lowering, b, result, [&](const Tensor& tensor) {
    return lowering::permuted(tensor.reshaped(shape), order);
  });
  return result;
}

/// Which task dimensions the leading (batch) dimensions of the result become: into the rows when
/// b is shared by all of them, else one product each.
std::vector<int> batchDims(const Node& node, std::size_t count, bool shared) {
  static const std::vector<int> rows = {M0, M1};
  static const std::vector<int> products = {G0, G1};
  if (count > 2) {
    throw NotPossible("not supported: " + node.opName + " '" + node.name + "' with " +
                      std::to_string(count) + " batch dimensions (up to 2 are)");
  }
  const std::vector<int>& all = shared ? rows : products;
  return {all.end() - static_cast<std::ptrdiff_t>(count), all.end()};
}

/// The result's view with the dimensions that vector operands leave out.
View resultAsMatrix(View y, bool vectorA, bool vectorB) {
  if (vectorB) {
    y.shape.push_back(1);
    y.strides.push_back(0);
  }
  if (vectorA) {
    y.shape.insert(y.shape.end() - 1, 1);
    y.strides.insert(y.strides.end() - 1, 0);
  }
  return y;
}

/// Adds b to the task: packed weights when constant, else its view, [.., K, N] or transposed.
Weights addRightSide(Lowering& lowering, const Node& node, Task& task, const DimMap& batch) {
  const Value& b = lowering.graph().value(node.inputs[1]);
  const bool transposed = std::get<MatMul>(node.operation).transposeB;
  if (!b.constant) {
    DimMap map = batch;
    map.push_back({{transposed ? N : K2, 1}});
    map.push_back({{transposed ? K2 : N, 1}});
    std::vector<int> layout = upTo(map.size());
    if (transposed) std::swap(layout[layout.size() - 1], layout[layout.size() - 2]);
    const View view = asMatrix(lowering.view(node.inputs[1]), false);
    task.operands.push_back(lowering.operand(view, {}, map, layout, kMatrixDims));
    return {1, task.dims[K2].extent, task.dims[N].extent, nullptr};
  }
  Weights weights = pack(lowering, b, transposed);
  if (weights.groups > 1 && batch.size() > 1) {
    throw NotPossible("not supported: " + node.opName + " '" + node.name +
                      "' with constant weights over two batch dimensions");
  }
  Operand operand = weightOperand(lowering, task, node.name + ".weights", b.type, weights);
  if (weights.groups > 1) {
    for (Axis& each : operand.axes) std::swap(each.coefficients[G0], each.coefficients[G1]);
  }
  task.operands.push_back(std::move(operand));
  return weights;
}

}  // namespace

void lowerMatMul(Lowering& lowering, const Node& node) {
  const Graph& graph = lowering.graph();
  const Shape& bShape = graph.value(node.inputs[1]).shape;
  const bool vectorA = graph.value(node.inputs[0]).shape.size() == 1;
  const bool vectorB = bShape.size() == 1;
  const View a = asMatrix(lowering.view(node.inputs[0]), true);
  const View y = resultAsMatrix(lowering.outputView(node), vectorA, vectorB);
  const std::size_t rank = y.shape.size();
  const std::int64_t matrixB = vectorB ? bShape[0] : bShape.back() * bShape[bShape.size() - 2];
  const std::vector<int> batch = batchDims(node, rank - 2, elementCount(bShape) == matrixB);

  Task task;
  task.dims.assign(kMatrixDims, {1});
  task.dims[M2].extent = y.shape[rank - 2];
  task.dims[N].extent = y.shape[rank - 1];
  task.dims[K2].extent = a.shape.back();
  DimMap map;
  for (std::size_t d = 0; d < batch.size(); ++d) {
    task.dims[static_cast<std::size_t>(batch[d])].extent = y.shape[d];
    map.push_back({{batch[d], 1}});
  }
  DimMap aMap = map;
  aMap.push_back({{M2, 1}});
  aMap.push_back({{K2, 1}});
  task.operands.push_back(lowering.operand(a, {}, aMap, upTo(rank), kMatrixDims));
  const Weights weights = addRightSide(lowering, node, task, map);
  std::vector<lowering::DimTerm> channel = {{N, 1}};
  if (weights.groups > 1) channel.push_back({G1, weights.n});

  MatrixWork work;
  addBiasAndScale(lowering, node, task, work, weights, channel);
  DimMap aSums = map, bSums = map;
  aSums.insert(aSums.end(), {{{M2, 1}}, {}});
  bSums.insert(bSums.end(), {{}, {{N, 1}}});
  addZeroPoints(lowering, node, task, work, aSums, bSums);
  DimMap yMap = map;
  yMap.push_back({{M2, 1}});
  yMap.push_back({{N, 1}});
  task.output = lowering.operand(y, lowering.scaling(node.output), yMap, upTo(rank), kMatrixDims);
  if (vectorA) yMap.erase(yMap.end() - 2);
  if (vectorB) yMap.pop_back();
  const std::vector<isa::VectorStep> steps = lowering.steps(node, task, yMap, upTo(yMap.size()));
  work.steps.insert(work.steps.end(), steps.begin(), steps.end());
  task.work = std::move(work);
  lowering::simplify(task, {{M0, M1}, {M1, M2}});
  lowering.addTask(node, std::move(task), node.opName);
}

}  // namespace npusim::matrix
