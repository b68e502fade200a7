#include <map>

#include "kernels/lowering/lowering.h"
#include "kernels/lowering/operands.h"

namespace npusim::lowering {

plan::View Lowering::viewFor(const Node& node, ValueId value) {
  const std::size_t rank = graph_.value(node.output).shape.size();
  const bool sameRank = graph_.value(value).shape.size() == rank;
  return view(value, sameRank && channelsLast(node.output));
}

std::vector<isa::VectorStep> Lowering::steps(const Node& node, plan::Task& task, const DimMap& map,
                                             const std::vector<int>& layout, const Seen& seen) {
  std::vector<isa::VectorStep> result;
  std::map<ValueId, int> added;
  for (const ElementStep& step : node.steps) {
    isa::VectorStep lowered{step.op, -1, step.alpha, step.beta, step.reversed};
    if (step.operand >= 0) {
      const ValueId id = node.inputs[static_cast<std::size_t>(step.operand)];
      if (const std::optional<float> value = scalar(id)) {
        lowered.alpha = *value;
      } else if (const auto known = added.find(id); known != added.end()) {
        lowered.operand = known->second;
      } else {
        lowered.operand = addOperand(task, operand(seen ? seen(id) : viewFor(node, id), scaling(id),
                                                   map, layout, task.dims.size()));
        added[id] = lowered.operand;
      }
    }
    result.push_back(lowered);
    if (dividesAsReal(graph_, node, step)) result.push_back({ElementOp::Trunc, -1, 0, 0, false});
  }
  if (leavesFractions(graph_, node)) result.push_back({ElementOp::Trunc, -1, 0, 0, false});
  return result;
}

}  // namespace npusim::lowering
