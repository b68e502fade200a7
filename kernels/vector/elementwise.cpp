#include "kernels/lowering/operands.h"
#include "kernels/vector/one_pass.h"
#include "kernels/vector/vector.h"

namespace npusim::vector {

using lowering::DimMap;
using lowering::Lowering;

namespace {

/// Neighbouring dimensions to try to merge, innermost first.
std::vector<std::pair<int, int>> allPairs(int rank) {
  std::vector<std::pair<int, int>> pairs;
  for (int outer = rank - 2; outer >= 0; --outer) {
    for (int inner = rank - 1; inner > outer; --inner) pairs.emplace_back(outer, inner);
  }
  return pairs;
}

}  // namespace

void lowerElementwise(Lowering& lowering, const Node& node) {
  const Graph& graph = lowering.graph();
  const ValueId input = node.inputs.front();
  const Value& in = graph.value(input);
  const Value& out = graph.value(node.output);
  const bool identity = node.steps.empty() && in.type == out.type && in.shape == out.shape &&
                        !in.constant && !lowering.mustWrite(node.output);
  if (identity) {
    lowering.setView(node.output, lowering.view(input));
    return;
  }
  const plan::View y = lowering.outputView(node);
  const std::vector<int> order = lowering::physicalOrder(y);
  plan::Task task;
  DimMap map(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    task.dims.push_back({y.shape[static_cast<std::size_t>(order[i])]});
    map[static_cast<std::size_t>(order[i])] = {{static_cast<int>(i), 1}};
  }
  if (task.dims.empty()) task.dims.push_back({1});
  const std::size_t rank = task.dims.size();
  const bool sameRank = in.shape.size() == y.shape.size();
  task.operands.push_back(
      lowering.operand(lowering.view(input, sameRank && lowering.channelsLast(node.output)),
                       lowering.scaling(input), map, order, rank));
  task.output = lowering.operand(y, lowering.scaling(node.output), map, order, rank);
  plan::Pass pass;
  pass.dims = lowering::upTo(rank);
  addOnePass(lowering, node, std::move(task), std::move(pass), map, order,
             allPairs(static_cast<int>(rank)));
}

}  // namespace npusim::vector
