#include "kernels/vector/one_pass.h"

#include "kernels/lowering/operands.h"

namespace npusim::vector {

void addOnePass(lowering::Lowering& lowering, const Node& node, plan::Task task, plan::Pass pass,
                const lowering::DimMap& map, const std::vector<int>& layout,
                const std::vector<std::pair<int, int>>& pairs) {
  const std::vector<isa::VectorStep> steps = lowering.steps(node, task, map, layout);
  pass.post.insert(pass.post.end(), steps.begin(), steps.end());
  pass.operands = lowering::upTo(task.operands.size());
  task.work = plan::VectorWork{{std::move(pass)}, {}};
  lowering::simplify(task, pairs);
  lowering.addTask(node, std::move(task), node.opName);
}

}  // namespace npusim::vector
