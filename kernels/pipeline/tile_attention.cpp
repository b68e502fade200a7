#include "kernels/pipeline/tile_attention.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim::passes {
namespace {

using plan::Axis;
using plan::Block;
using plan::BlockId;
using plan::Operand;
using plan::Plan;
using plan::Task;

/// Calls `visit(operand, isInner)` for all operands of a task, the output last.
template <typename AnyTask, typename Visit>
void forEachOperand(AnyTask& task, const std::vector<BlockId>& inner, const Visit& visit) {
  for (auto& operand : task.operands) visit(operand, has(inner, operand.block));
  visit(task.output, has(inner, task.output.block));
}

/// Cuts what the tasks of an attention do in one pass of a loop.
class Cutter {
 public:
  Cutter(Plan& plan, Attention& attention) : plan_(plan), attention_(attention) {}

  /// Do the second factors stay where they are in one more loop of `parts` passes?
  bool factorsStay(std::int64_t parts) {
    return std::all_of(attention_.tasks.begin(), attention_.tasks.end(), [&](int t) {
      const Operand* factor = outerFactor(task(t));
      const std::optional<int> dim = dimOf(task(t), parts);
      return dim && (factor == nullptr ||
                     std::all_of(factor->axes.begin(), factor->axes.end(), [&](const Axis& axis) {
                       return axis.coefficients[static_cast<std::size_t>(*dim)] == 0;
                     }));
    });
  }

  /// Lets the products read copies of their second factors, which come as tasks before them.
  void hold() {
    std::vector<Task> tasks;
    std::vector<isa::Layer> layers;
    for (const int t : attention_.tasks) {
      Operand* factor = outerFactor(task(t));
      if (factor == nullptr) continue;
      const std::string name = plan_.layers[static_cast<std::size_t>(t)].name + ".factor";
      tasks.push_back(copyOf(*factor, name, task(t).repeat));
      layers.push_back(copyLayer(name, *factor));
    }
    const auto at = static_cast<std::ptrdiff_t>(attention_.tasks.front());
    plan_.tasks.insert(plan_.tasks.begin() + at, tasks.begin(), tasks.end());
    plan_.layers.insert(plan_.layers.begin() + at, layers.begin(), layers.end());
    for (int t = 0; t < std::ssize(plan_.tasks); ++t) task(t).layer = t;
    for (int& t : attention_.tasks) t += static_cast<int>(tasks.size());
  }

  /// Puts one more loop, of `parts` passes, around the tasks. False where they do not follow.
  bool cut(std::int64_t parts) {
    const int parent = task(attention_.tasks.front()).repeat;
    plan_.repeats.push_back({parts, parent});
    loop_ = static_cast<int>(plan_.repeats.size() - 1);
    for (const BlockId id : attention_.inner) {
      if (plan_.block(id).bytes % parts != 0) return false;
    }
    for (const int t : attention_.tasks) {
      const std::optional<int> dim = dimOf(task(t), parts);
      if (!dim || !cutTask(task(t), *dim, parts)) return false;
    }
    for (const BlockId id : attention_.inner) plan_.block(id).bytes /= parts;
    return true;
  }

 private:
  Task& task(int t) { return plan_.tasks[static_cast<std::size_t>(t)]; }

  /// The second factor of a product, where that lies in memory; else null.
  Operand* outerFactor(Task& task) const {
    const auto* work = std::get_if<plan::MatrixWork>(&task.work);
    if (work == nullptr) return nullptr;
    Operand& factor = task.operands[static_cast<std::size_t>(work->b)];
    return plan_.block(factor.block).kind == Block::Kind::Activation ? &factor : nullptr;
  }

  /// Copies a factor, in the order in which it lies, to a block of its own, and lets its reader
  /// look there.
  Task copyOf(Operand& factor, const std::string& name, int repeat) {
    std::sort(factor.axes.begin(), factor.axes.end(),
              [](const Axis& x, const Axis& y) { return x.stride > y.stride; });
    Task copy;
    copy.repeat = repeat;
    copy.work = plan::CopyWork{};
    copy.operands = {factor};
    const std::size_t rank = factor.axes.size();
    std::int64_t bytes = byteSize(factor.type);
    for (std::size_t a = rank; a-- > 0;) {
      factor.axes[a].stride = bytes;
      bytes *= factor.axes[a].extent;
    }
    Block block;
    block.name = name;
    block.bytes = bytes;
    plan_.blocks.push_back(std::move(block));
    factor.block = static_cast<BlockId>(plan_.blocks.size() - 1);
    factor.offset = 0;
    factor.passes.clear();
    copy.output = factor;
    for (std::size_t a = 0; a < rank; ++a) {
      copy.dims.push_back({factor.axes[a].extent, false});
      std::vector<std::int64_t> along(rank, 0);
      along[a] = 1;
      copy.operands.front().axes[a].coefficients = along;
      copy.output.axes[a].coefficients = along;
    }
    return copy;
  }

  static isa::Layer copyLayer(const std::string& name, const Operand& factor) {
    isa::Layer layer;
    layer.name = name;
    layer.op = "Hold";
    for (const Axis& axis : factor.axes) layer.outputShape.push_back(axis.extent);
    layer.work.name = name;
    layer.work.kind = OperatorWork::Kind::Movement;
    return layer;
  }

  static Axis* outermost(Operand& operand) {
    Axis* found = nullptr;
    for (Axis& axis : operand.axes) {
      if (axis.extent > 1 && (found == nullptr || axis.stride > found->stride)) found = &axis;
    }
    return found;
  }

  /// The only dimension that moves along an axis, position by position and over all of it.
  static std::optional<int> onlyDim(const Task& task, const Axis& axis) {
    std::optional<int> found;
    for (int d = 0; d < std::ssize(task.dims); ++d) {
      const std::int64_t coefficient = axis.coefficients[static_cast<std::size_t>(d)];
      if (coefficient == 0) continue;
      if (found || coefficient != 1) return std::nullopt;
      found = d;
    }
    const bool whole = found && axis.offset == 0 && axis.blockLength == 0 &&
                       axis.extent == task.dims[static_cast<std::size_t>(*found)].extent;
    return whole ? found : std::nullopt;
  }

  /// The dimension of a task along which its inner blocks, all alike, fall into parts.
  std::optional<int> dimOf(Task& task, std::int64_t parts) const {
    std::optional<int> dim;
    bool alike = true;
    forEachOperand(task, attention_.inner, [&](Operand& operand, bool isInner) {
      if (!isInner || !alike) return;
      const Axis* axis = outermost(operand);
      const std::optional<int> own = axis ? onlyDim(task, *axis) : std::nullopt;
      alike = own && (!dim || dim == own) && axis->extent % parts == 0 && operand.passes.empty() &&
              axis->stride * axis->extent == plan_.block(operand.block).bytes;
      dim = own;
    });
    if (!alike || !dim || !mayCut(task, *dim)) return std::nullopt;
    return dim;
  }

  /// Rows and products of their own may be cut; what is reduced may not, nor a product's columns.
  static bool mayCut(const Task& task, int dim) {
    if (task.dims[static_cast<std::size_t>(dim)].isOuter()) return false;
    if (std::holds_alternative<plan::MatrixWork>(task.work)) return dim < plan::N;
    const auto* vector = std::get_if<plan::VectorWork>(&task.work);
    if (vector == nullptr) return !std::get<plan::CopyWork>(task.work).gatherDim;
    return std::none_of(vector->passes.begin(), vector->passes.end(), [&](const auto& pass) {
      return std::find(pass.dims.end() - pass.reduceDims, pass.dims.end(), dim) != pass.dims.end();
    });
  }

  bool cutTask(Task& task, int dim, std::int64_t parts) const {
    bool follows = true;
    forEachOperand(task, attention_.inner, [&](Operand& operand, bool isInner) {
      follows = follows && cutOperand(task, operand, isInner, dim, parts);
    });
    task.dims[static_cast<std::size_t>(dim)].extent /= parts;
    task.repeat = loop_;
    return follows;
  }

  bool cutOperand(const Task& task, Operand& operand, bool isInner, int dim,
                  std::int64_t parts) const {
    bool follows = true;
    int moving = 0;
    for (Axis& axis : operand.axes) {
      if (axis.coefficients[static_cast<std::size_t>(dim)] == 0) continue;
      follows = follows && onlyDim(task, axis) == dim && ++moving == 1;
      axis.extent /= parts;
      if (!isInner) operand.passes.push_back({loop_, axis.stride * axis.extent, parts});
    }
    std::erase_if(operand.axes, [](const Axis& axis) { return axis.extent == 1; });
    return follows;
  }

  Plan& plan_;
  Attention& attention_;
  int loop_ = -1;
};

/// Brings the tasks of an attention together: those between them come first.
Attention standTogether(Plan& plan, const Attention& attention) {
  const auto begin = plan.tasks.begin() + attention.tasks.front();
  const auto end = plan.tasks.begin() + attention.tasks.back() + 1;
  const auto layersBegin = plan.layers.begin() + attention.tasks.front();
  std::vector<Task> tasks;
  std::vector<isa::Layer> layers;
  for (const bool own : {false, true}) {
    for (int t = attention.tasks.front(); t <= attention.tasks.back(); ++t) {
      if (has(attention.tasks, t) != own) continue;
      Task& task = plan.tasks[static_cast<std::size_t>(t)];
      layers.push_back(plan.layers[static_cast<std::size_t>(task.layer)]);
      tasks.push_back(std::move(task));
      tasks.back().layer = attention.tasks.front() + static_cast<int>(tasks.size()) - 1;
    }
  }
  Attention result = attention;
  const auto others = std::ssize(tasks) - std::ssize(attention.tasks);
  for (int i = 0; i < std::ssize(result.tasks); ++i) {
    result.tasks[static_cast<std::size_t>(i)] =
        attention.tasks.front() + static_cast<int>(others) + i;
  }
  std::move(layers.begin(), layers.end(), layersBegin);
  std::move(tasks.begin(), tasks.end(), begin);
  ensure(end - begin == std::ssize(layers), "tasks were lost on the way together");
  return result;
}

/// Do loops of the tasks' tiles nest within those around them, however tiles are cut?
bool nests(const Plan& plan, const Attention& attention) {
  return std::all_of(attention.tasks.begin(), attention.tasks.end(), [&](int t) {
    const Task& task = plan.tasks[static_cast<std::size_t>(t)];
    const auto own = std::count_if(task.dims.begin(), task.dims.end(),
                                   [](const auto& dim) { return dim.extent > 1; });
    return plan.depthOf(task.repeat) + own <= isa::kMaxLoopDepth;
  });
}

/// Lets a last task copy what another one left to memory, so that it may stay on chip until then.
void addReader(Plan& plan, const Operand& left) {
  Block copied = plan.block(left.block);
  copied.port = true;
  plan.block(left.block).port = false;
  const std::int64_t size = byteSize(left.type);
  Task task;
  task.layer = static_cast<int>(plan.tasks.size());
  task.repeat = plan.tasks.back().repeat;
  task.work = plan::CopyWork{};
  task.dims = {{copied.bytes / size, false}};
  task.operands.resize(1);
  task.operands.front().block = left.block;
  task.operands.front().type = left.type;
  task.operands.front().axes = {{copied.bytes / size, size, {1}}};
  task.output = task.operands.front();
  task.output.block = static_cast<BlockId>(plan.blocks.size());
  plan.blocks.push_back(std::move(copied));
  plan.layers.push_back(plan.layers.back());
  plan.tasks.push_back(std::move(task));
}

}  // namespace

std::optional<Plan> withCut(const Plan& plan, const Attention& attention, const AttentionCut& cut) {
  for (int t = 0; t < std::ssize(plan.tasks); ++t) {
    if (plan.tasks[static_cast<std::size_t>(t)].layer != t) return std::nullopt;
  }
  Plan result = plan;
  Attention together = standTogether(result, attention);
  Cutter cutter(result, together);
  bool toHold = cut.hold;
  for (const std::int64_t parts : cut.passes) {
    if (toHold && cutter.factorsStay(parts)) {
      cutter.hold();
      toHold = false;
    }
    if (!cutter.cut(parts)) return std::nullopt;
  }
  if (toHold) cutter.hold();
  if (!nests(result, together)) return std::nullopt;
  return result;
}

Plan alone(const Plan& plan, const Attention& attention) {
  Plan result = plan;
  result.tasks.clear();
  result.layers.clear();
  result.inputs.clear();
  result.outputs.clear();
  std::vector<Operand> results;
  for (const int t : attention.tasks) {
    Task task = plan.tasks[static_cast<std::size_t>(t)];
    result.layers.push_back(plan.layers[static_cast<std::size_t>(task.layer)]);
    task.layer = static_cast<int>(result.tasks.size());
    forEachOperand(task, attention.inner, [&](const Operand& operand, bool isInner) {
      result.block(operand.block).port = !isInner;
    });
    if (!has(attention.inner, task.output.block)) results.push_back(task.output);
    result.tasks.push_back(std::move(task));
  }
  for (const Operand& left : results) {
    if (!plan.block(left.block).port) addReader(result, left);
  }
  return result;
}

AttentionCut cutTo(const Plan& plan, const Attention& attention, std::int64_t bytes) {
  std::int64_t all = 0;
  for (const BlockId id : attention.inner) all += plan.block(id).bytes;
  std::int64_t needed = ceilDiv(all, std::max<std::int64_t>(1, bytes));
  const Task& first = plan.tasks[static_cast<std::size_t>(attention.tasks.front())];
  std::vector<Axis> axes = first.output.axes;
  std::sort(axes.begin(), axes.end(),
            [](const Axis& x, const Axis& y) { return x.stride > y.stride; });
  AttentionCut cut;
  for (std::size_t a = 0; a + 1 < axes.size() && needed > 1; ++a) {
    std::int64_t parts = std::min(needed, axes[a].extent);
    while (axes[a].extent % parts != 0) ++parts;
    if (parts == 1) continue;
    cut.passes.push_back(parts);
    needed = parts < axes[a].extent ? 1 : ceilDiv(needed, parts);
  }
  return cut;
}

}  // namespace npusim::passes
