#include "kernels/mapping/task_signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace npusim::mapping {
namespace {

/// A sum over the second of two dimensions, by way of a temporary.
plan::Plan sumPlan() {
  plan::Plan plan;
  plan.blocks.resize(2);
  plan::Task task;
  task.dims = {{8, true}, {8, true}};
  task.operands.resize(1);
  task.operands[0].block = 0;
  task.operands[0].axes = {{8, 32, {1, 0}, 0, 0, 0}, {8, 4, {0, 1}, 0, 0, 0}};
  task.output.block = 1;
  task.output.axes = {{8, 4, {1, 0}, 0, 0, 0}};
  plan::VectorWork work;
  plan::Pass pass;
  pass.dims = {0, 1};
  pass.reduceDims = 1;
  pass.operands = {0};
  pass.pre = {{ElementOp::Relu, -1, 0, 0, false}};
  work.passes = {pass};
  work.temporaries = {{{0, 1}}};
  task.work = work;
  plan.tasks = {task};
  return plan;
}

TEST(TaskSignature, TellsApartWhateverTheSearchReads) {
  const auto passOf = [](plan::Plan& p) -> plan::Pass& {
    return std::get<plan::VectorWork>(p.tasks[0].work).passes[0];
  };
  const std::vector<std::function<void(plan::Plan&)>> changes = {
      [](plan::Plan& p) { p.tasks[0].dims[1].extent = 9; },
      [](plan::Plan& p) { p.tasks[0].dims[1].tileable = false; },
      [](plan::Plan& p) { p.blocks[0].resident = true; },
      [](plan::Plan& p) { p.blocks[0].kind = plan::Block::Kind::Weights; },
      [](plan::Plan& p) { p.tasks[0].operands[0].type = DataType::Int8; },
      [](plan::Plan& p) { p.tasks[0].output.axes[0].stride = 8; },
      [&](plan::Plan& p) {
        passOf(p).dims = {1, 0};
      },
      [&](plan::Plan& p) { passOf(p).reduceDims = 2; },
      [&](plan::Plan& p) { passOf(p).pre[0].op = ElementOp::Tanh; },
      [&](plan::Plan& p) { std::swap(passOf(p).pre, passOf(p).post); },
      [](plan::Plan& p) { std::get<plan::VectorWork>(p.tasks[0].work).temporaries[0].dims = {0}; },
      [](plan::Plan& p) { std::get<plan::VectorWork>(p.tasks[0].work).temporaries.clear(); },
      [](plan::Plan& p) { p.tasks[0].work = plan::MatrixWork{}; },
      [](plan::Plan& p) { p.tasks[0].work = plan::CopyWork{}; }};
  std::vector<std::string> seen = {signature(sumPlan(), sumPlan().tasks[0], {100, 200}),
                                   signature(sumPlan(), sumPlan().tasks[0], {100, 201})};
  EXPECT_NE(seen[0], seen[1]);
  for (const auto& change : changes) {
    plan::Plan plan = sumPlan();
    change(plan);
    const std::string made = signature(plan, plan.tasks[0], {100, 200});
    EXPECT_EQ(std::count(seen.begin(), seen.end(), made), 0) << made;
    seen.push_back(made);
  }
  EXPECT_EQ(signature(sumPlan(), sumPlan().tasks[0], {100, 200}), seen[0]);
}

}  // namespace
}  // namespace npusim::mapping
