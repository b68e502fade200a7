#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/plan/plan.h"

namespace npusim::plan {
namespace {

/// When each block is needed, loop by loop.
class Lifetimes {
 public:
  explicit Lifetimes(Plan& plan) : plan_(plan), touches_(plan.blocks.size()) {}

  void compute() {
    for (int t = 0; t < std::ssize(plan_.tasks); ++t) noteTask(t);
    for (std::size_t b = 0; b < plan_.blocks.size(); ++b) {
      Block& block = plan_.blocks[b];
      std::tie(block.firstTask, block.lastTask) =
          touches_[b].empty() ? Span{-1, -1} : lifeIn(-1, touches_[b]);
    }
  }

 private:
  using Span = std::pair<int, int>;  ///< first and last task

  struct Touch {
    int task = 0;
    bool read = false;
  };

  void noteTask(int t) {
    const Task& task = plan_.tasks[static_cast<std::size_t>(t)];
    for (int r = task.repeat; r >= 0; r = plan_.repeats[static_cast<std::size_t>(r)].parent) {
      const Repeat& repeat = plan_.repeats[static_cast<std::size_t>(r)];
      if (repeat.condition) note(repeat.condition->block, t, true);
    }
    for (const Operand& operand : task.operands) note(operand.block, t, true);
    note(task.output.block, t, false);
  }

  void note(BlockId block, int task, bool read) {
    touches_[static_cast<std::size_t>(block)].push_back({task, read});
  }

  /// The life of a block, all of whose touches are in loop `level` or all tasks. A loop in there
  /// that is not alone with the block needs it from its first task to its last; so does one that
  /// reads it first, since a pass may then find what the pass before left.
  Span lifeIn(int level, const std::vector<Touch>& touches) const {
    const int first = touches.front().task, last = touches.back().task;
    const int inner = childOf(first, level);
    const bool descends = inner != level && inner == childOf(last, level) && !touches.front().read;
    if (descends) return lifeIn(inner, touches);
    return {unitOf(first, level).first, unitOf(last, level).second};
  }

  /// The loop right inside `level` that a task is in; `level` when it is in none.
  int childOf(int task, int level) const {
    return plan_.loopInside(plan_.tasks[static_cast<std::size_t>(task)].repeat, level);
  }

  /// A task, or all tasks of the loop inside `level` that it is in.
  Span unitOf(int task, int level) const {
    const int loop = childOf(task, level);
    if (loop == level) return {task, task};
    const auto isInLoop = [&](int t) {
      return t >= 0 && t < std::ssize(plan_.tasks) &&
             plan_.isIn(plan_.tasks[static_cast<std::size_t>(t)].repeat, loop);
    };
    Span span{task, task};
    while (isInLoop(span.first - 1)) --span.first;
    while (isInLoop(span.second + 1)) ++span.second;
    return span;
  }

  Plan& plan_;
  std::vector<std::vector<Touch>> touches_;  ///< by block, in order
};

void touch(Block& block, int task) {
  block.firstTask = block.firstTask < 0 ? task : std::min(block.firstTask, task);
  block.lastTask = std::max(block.lastTask, task);
}

}  // namespace

void Plan::computeLifetimes() {
  Lifetimes(*this).compute();
  const int last = std::max(0, static_cast<int>(tasks.size()) - 1);
  for (const Port& port : inputs) block(port.view.block).firstTask = 0;
  for (const Port& port : inputs) touch(block(port.view.block), 0);
  for (const Port& port : outputs) touch(block(port.view.block), last);
}

void Plan::keepAll() {
  for (Block& each : blocks) {
    if (each.firstTask < 0) continue;
    each.firstTask = 0;
    each.lastTask = std::max(0, static_cast<int>(tasks.size()) - 1);
  }
}

}  // namespace npusim::plan
