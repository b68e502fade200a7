#include <algorithm>
#include <set>
#include <utility>

#include "kernels/pipeline/tile_attention.h"

namespace npusim::passes {
namespace {

using plan::Block;
using plan::BlockId;
using plan::Operand;
using plan::Plan;
using plan::Task;

bool reads(const Task& task, BlockId block) {
  return std::any_of(task.operands.begin(), task.operands.end(),
                     [&](const Operand& operand) { return operand.block == block; });
}

bool touches(const Task& task, BlockId block) {
  return task.output.block == block || reads(task, block);
}

/// Follows what is made of the result of one product, task by task.
class Finder {
 public:
  explicit Finder(const Plan& plan) : plan_(plan), touching_(plan.blocks.size()) {
    for (int t = 0; t < std::ssize(plan.tasks); ++t) {
      std::set<BlockId> blocks = {at(t).output.block};
      for (const Operand& operand : at(t).operands) blocks.insert(operand.block);
      for (const BlockId block : blocks) {
        touching_[static_cast<std::size_t>(block)].push_back(t);
      }
    }
    for (const plan::Port& port : plan.outputs) outputs_.insert(port.view.block);
  }

  std::optional<Attention> from(int product) const {
    const auto* work = std::get_if<plan::MatrixWork>(&at(product).work);
    if (work == nullptr || !isActivation(secondFactor(at(product), *work).block)) return {};
    std::set<int> tasks = {product};
    std::vector<BlockId> inner = {at(product).output.block};
    bool taken = false, normalized = false;
    for (std::size_t i = 0; i < inner.size(); ++i) {
      if (!mayBeInner(inner[i], at(product).repeat)) {
        if (i == 0) return {};
        inner.erase(inner.begin() + static_cast<std::ptrdiff_t>(i--));
        continue;
      }
      for (const int t : touching_[static_cast<std::size_t>(inner[i])]) {
        tasks.insert(t);
        const bool reader = reads(at(t), inner[i]);
        const auto* vector = std::get_if<plan::VectorWork>(&at(t).work);
        const bool isProduct = std::holds_alternative<plan::MatrixWork>(at(t).work);
        normalized = normalized || (vector != nullptr && !vector->temporaries.empty());
        taken = taken || (reader && isProduct);
        const bool goesOn = reader && !isProduct && !has(inner, at(t).output.block);
        if (goesOn) inner.push_back(at(t).output.block);
      }
    }
    Attention found{{tasks.begin(), tasks.end()}, inner};
    if (!taken || !normalized || !isClosed(found) || !canStandTogether(found)) return {};
    return found;
  }

 private:
  const Task& at(int t) const { return plan_.tasks[static_cast<std::size_t>(t)]; }

  bool isActivation(BlockId block) const {
    return plan_.block(block).kind == Block::Kind::Activation;
  }

  static const Operand& secondFactor(const Task& task, const plan::MatrixWork& work) {
    return task.operands[static_cast<std::size_t>(work.b)];
  }

  /// Is a block made and used up in one pass of the loop `repeat`, and no factor that products read
  /// for every row?
  bool mayBeInner(BlockId block, int repeat) const {
    if (!isActivation(block) || plan_.block(block).port || outputs_.contains(block)) return false;
    const std::vector<int>& tasks = touching_[static_cast<std::size_t>(block)];
    if (reads(at(tasks.front()), block)) return false;
    return std::all_of(tasks.begin(), tasks.end(), [&](int t) {
      const auto* work = std::get_if<plan::MatrixWork>(&at(t).work);
      return at(t).repeat == repeat &&
             (work == nullptr || secondFactor(at(t), *work).block != block);
    });
  }

  /// What its tasks leave to others, none of them reads: they would find a part of it.
  bool isClosed(const Attention& found) const {
    return std::none_of(found.tasks.begin(), found.tasks.end(), [&](int t) {
      const BlockId left = at(t).output.block;
      return !has(found.inner, left) &&
             std::any_of(found.tasks.begin(), found.tasks.end(),
                         [&](int reader) { return reads(at(reader), left); });
    });
  }

  /// Can tasks between the first and the last come before the first instead?
  bool canStandTogether(const Attention& found) const {
    for (int t = found.tasks.front(); t < found.tasks.back(); ++t) {
      if (has(found.tasks, t)) continue;
      if (at(t).repeat != at(found.tasks.front()).repeat) return false;
      for (const int own : found.tasks) {
        if (own < t &&
            (touches(at(t), at(own).output.block) || touches(at(own), at(t).output.block)))
          return false;
      }
    }
    return true;
  }

  const Plan& plan_;
  std::vector<std::vector<int>> touching_;  ///< by block
  std::set<BlockId> outputs_;
};

}  // namespace

std::vector<Attention> findAttention(const Plan& plan) {
  const Finder finder(plan);
  std::vector<Attention> found;
  int end = 0;
  for (int t = 0; t < std::ssize(plan.tasks); ++t) {
    if (t < end) continue;
    if (auto attention = finder.from(t); attention && attention->tasks.front() == t) {
      end = attention->tasks.back() + 1;
      found.push_back(*std::move(attention));
    }
  }
  return found;
}

}  // namespace npusim::passes
