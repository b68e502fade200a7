#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "kernels/mapping/mapping.h"
#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/room.h"

namespace npusim::passes {
namespace {

using plan::Block;
using plan::BlockId;
using plan::Operand;
using plan::Task;

/// Constant bytes that tasks of one loop read in each of its passes.
struct Offer {
  int loop = 0;
  std::int64_t passes = 0;     ///< of the loop: how often they are read
  bool ofProduct = false;      ///< the weights of a product, for the array
  isa::StorageId buffer = -1;  ///< where the readers look for them
  Operand bytes;               ///< what is copied, as seen before the loop; without axes
  std::int64_t count = 0;      ///< of bytes; 0 where the readers do not want the same
  std::vector<Operand*> readers;
  std::string layer;              ///< of the first of them
  BlockId held = plan::kNoBlock;  ///< the copy, where it is made
};

/// The outermost loop of several passes around a task in which an operand stays where it is, and
/// how many passes it makes in one of what is around that; -1: none. It looks no farther than the
/// branch that the task is in: what that reads is not brought where it is not taken.
std::pair<int, std::int64_t> loopOf(const plan::Plan& plan, const Task& task,
                                    const Operand& operand) {
  std::pair<int, std::int64_t> found{-1, 1};
  std::int64_t passes = 1;
  for (int loop = task.repeat; loop >= 0;) {
    const plan::Repeat& repeat = plan.repeats[static_cast<std::size_t>(loop)];
    const bool moves = std::any_of(operand.passes.begin(), operand.passes.end(),
                                   [&](const auto& pass) { return pass.repeat == loop; });
    if (moves || repeat.condition) break;
    passes *= repeat.passes;
    if (repeat.passes > 1) found = {loop, passes};
    loop = repeat.parent;
  }
  return found;
}

class Holder {
 public:
  Holder(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip, double share)
      : plan_(plan), storages_(storages), chip_(chip), share_(share) {}

  Held run() {
    plan_.computeLifetimes();
    times_ = comingsBack(plan_);
    for (Offer& offer : offers()) {
      if (take(offer)) {
        result_.count += 1;
        result_.bytes += offer.count;
        taken_.push_back(std::move(offer));
      } else {
        noteStreamed(offer);
      }
    }
    insertCopies();
    return std::move(result_);
  }

 private:
  bool isProductWeight(const Task& task, const Operand& operand) const {
    const auto* work = std::get_if<plan::MatrixWork>(&task.work);
    return work != nullptr && &operand == &task.operands[static_cast<std::size_t>(work->b)];
  }

  /// Constants by the loop that reads them, where all who do want the same bytes.
  std::vector<Offer> offers() {
    std::map<std::pair<BlockId, int>, Offer> found;
    for (Task& task : plan_.tasks) {
      if (std::holds_alternative<plan::CopyWork>(task.work)) continue;
      for (Operand& operand : task.operands) add(found, task, operand);
    }
    std::vector<Offer> result;
    for (auto& [key, offer] : found) {
      if (offer.count > 0) result.push_back(std::move(offer));
    }
    std::stable_sort(result.begin(), result.end(), [](const Offer& x, const Offer& y) {
      return std::pair(x.passes, x.count) > std::pair(y.passes, y.count);
    });
    return result;
  }

  void add(std::map<std::pair<BlockId, int>, Offer>& found, const Task& task,
           Operand& operand) const {
    const Block& block = plan_.block(operand.block);
    const auto [loop, passes] = loopOf(plan_, task, operand);
    if (block.kind != Block::Kind::Weights || loop < 0) return;
    Operand here = operand;
    here.passes.clear();
    plan::ByteRange range{0, block.bytes};
    if (!operand.passes.empty()) range = plan::footprint(task, here);
    Offer made;
    made.loop = loop;
    made.passes = passes;
    made.ofProduct = isProductWeight(task, operand);
    made.buffer = made.ofProduct ? storages_.weightBuffer : storages_.activationBuffer;
    made.bytes = operand;
    made.bytes.offset = range.first;
    made.bytes.axes.clear();
    made.count = range.last - range.first;
    made.layer = plan_.layers[static_cast<std::size_t>(task.layer)].name;
    Offer& offer = found.try_emplace({operand.block, loop}, made).first->second;
    const bool same = offer.bytes.offset == made.bytes.offset && offer.count == made.count &&
                      offer.buffer == made.buffer && offer.bytes.passes == made.bytes.passes;
    if (!same) offer.count = 0;
    offer.readers.push_back(&operand);
  }

  /// Lets the readers of an offer find it on chip, if the buffer has room for it through the loop.
  bool take(Offer& offer) {
    if (offer.buffer < 0 || share_ <= 0) return false;
    Block held;
    held.name = plan_.block(offer.bytes.block).name + ".held";
    held.kind = Block::Kind::Held;
    held.bytes = offer.count;
    held.resident = true;
    held.storage = offer.buffer;
    std::tie(held.firstTask, held.lastTask) = span(offer.loop);
    plan_.blocks.push_back(std::move(held));
    offer.held = static_cast<BlockId>(plan_.blocks.size() - 1);
    std::vector<Operand> before;
    for (Operand* reader : offer.readers) {
      before.push_back(*reader);
      reader->block = offer.held;
      reader->offset -= offer.bytes.offset;
      reader->passes.clear();
    }
    if (fits(plan_.blocks.back())) return true;
    for (std::size_t i = 0; i < before.size(); ++i) *offer.readers[i] = std::move(before[i]);
    plan_.blocks.pop_back();
    return false;
  }

  /// First and last task of the outermost loop around a loop.
  std::pair<int, int> span(int loop) const {
    const int outermost = plan_.loopInside(loop, -1);
    std::pair<int, int> result{-1, -1};
    for (int t = 0; t < std::ssize(plan_.tasks); ++t) {
      if (!plan_.isIn(plan_.tasks[static_cast<std::size_t>(t)].repeat, outermost)) continue;
      if (result.first < 0) result.first = t;
      result.second = t;
    }
    return result;
  }

  /// Is there room for what is held by now, during every task through which `last` lives?
  bool fits(const Block& last) const {
    const auto room =
        static_cast<std::int64_t>(share_ * static_cast<double>(storages_.capacity(last.storage)));
    for (int t = last.firstTask; t <= last.lastTask; ++t) {
      if (neededBeside(last.storage, t) + heldDuring(last.storage, t) > room) return false;
    }
    return true;
  }

  static bool lives(const Block& block, int task) {
    return block.firstTask >= 0 && block.firstTask <= task && task <= block.lastTask;
  }

  std::int64_t heldDuring(isa::StorageId buffer, int task) const {
    std::int64_t bytes = 0;
    for (const Block& block : plan_.blocks) {
      const bool here = block.kind == Block::Kind::Held && block.storage == buffer;
      if (here && lives(block, task)) bytes += mapping::aligned(block.bytes);
    }
    return bytes;
  }

  /// A task's tiles, and where activations lie in the same buffer those that the loop comes back
  /// to, its state above all.
  std::int64_t neededBeside(isa::StorageId buffer, int t) const {
    const mapping::Context context{chip_, storages_, plan_,
                                   std::vector<std::int64_t>(storages_.storages.size(), 0),
                                   mapping::Objective::Latency};
    const Task& task = plan_.tasks[static_cast<std::size_t>(t)];
    std::int64_t bytes = mapping::smallest(context, task).bytesIn(buffer);
    if (buffer != storages_.activationBuffer) return bytes;
    const auto capacity = static_cast<double>(storages_.capacity(buffer));
    bytes = std::max(bytes, static_cast<std::int64_t>(kTileShare * capacity));
    for (std::size_t b = 0; b < times_.size(); ++b) {
      const Block& block = plan_.blocks[b];
      const bool returns = block.kind == Block::Kind::Activation && !block.port && times_[b] > 1;
      if (returns && lives(block, t)) bytes += mapping::aligned(block.bytes);
    }
    return bytes;
  }

  void noteStreamed(const Offer& offer) {
    if (!offer.ofProduct) return;
    result_.streamed.push_back({offer.layer, offer.count, offer.passes});
  }

  /// The copies, each before its loop, as layers of their own.
  void insertCopies() {
    std::vector<Task> tasks;
    std::vector<isa::Layer> layers;
    const auto append = [&](Task task, isa::Layer layer) {
      task.layer = static_cast<int>(layers.size());
      tasks.push_back(std::move(task));
      layers.push_back(std::move(layer));
    };
    std::vector<bool> inserted(taken_.size(), false);
    for (Task& task : plan_.tasks) {
      for (std::size_t i = 0; i < taken_.size(); ++i) {
        if (inserted[i] || !plan_.isIn(task.repeat, taken_[i].loop)) continue;
        inserted[i] = true;
        append(copyOf(taken_[i]), layerOf(taken_[i]));
      }
      isa::Layer layer = std::move(plan_.layers[static_cast<std::size_t>(task.layer)]);
      append(std::move(task), std::move(layer));
    }
    plan_.tasks = std::move(tasks);
    plan_.layers = std::move(layers);
  }

  Task copyOf(const Offer& offer) const {
    const std::int64_t width = byteSize(offer.bytes.type);
    Task task;
    task.repeat = plan_.repeats[static_cast<std::size_t>(offer.loop)].parent;
    task.dims = {{offer.count / width, false}};
    task.operands = {offer.bytes};
    task.operands.front().axes = {{offer.count / width, width, {1}}};
    task.output = task.operands.front();
    task.output.block = offer.held;
    task.output.offset = 0;
    task.output.passes.clear();
    task.work = plan::CopyWork{};
    return task;
  }

  isa::Layer layerOf(const Offer& offer) const {
    isa::Layer layer;
    layer.name = offer.layer + ".hold";
    layer.op = "Hold";
    layer.outputShape = {offer.count / byteSize(offer.bytes.type)};
    layer.work.name = layer.name;
    layer.work.kind = OperatorWork::Kind::Movement;
    return layer;
  }

  plan::Plan& plan_;
  const plan::StorageMap& storages_;
  const ChipConfig& chip_;
  double share_;
  std::vector<std::int64_t> times_;  ///< comingsBack() of the plan before
  std::vector<Offer> taken_;
  Held result_;
};

}  // namespace

Held holdConstants(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                   double share) {
  return Holder(plan, storages, chip, share).run();
}

}  // namespace npusim::passes
