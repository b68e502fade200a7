#include <algorithm>
#include <optional>
#include <utility>

#include "kernels/matrix/matrix.h"
#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

using plan::Block;
using plan::Operand;
using plan::Task;

/// Share of the weight buffer that kept weights may take, where activations lie in it too and where
/// they do not.
constexpr double kBesideActivations = 0.5, kAlone = 0.75;

bool follows(const Operand& operand, std::size_t dim) {
  return std::any_of(operand.axes.begin(), operand.axes.end(),
                     [&](const plan::Axis& axis) { return axis.coefficients[dim] != 0; });
}

/// The digits that an operand follows as one, if they are neighbours; count 1 without any.
std::optional<isa::CoreDigit> followed(const Task& task, const Operand& operand) {
  isa::CoreDigit all;
  for (const isa::CoreDigit& digit : plan::digitsOf(task)) {
    const auto dim = std::find_if(task.dims.begin(), task.dims.end(),
                                  [&](const auto& each) { return each.digit == digit; });
    if (!follows(operand, static_cast<std::size_t>(dim - task.dims.begin()))) continue;
    if (all.count > 1 && digit.divisor != all.divisor * all.count) return std::nullopt;
    all = all.count > 1 ? isa::CoreDigit{all.divisor, all.count * digit.count} : digit;
  }
  return all;
}

/// How a constant operand is kept; nothing where each core's part is not one run of bytes.
std::optional<Block> kept(const plan::Plan& plan, const Task& task, int i) {
  const auto* work = std::get_if<plan::MatrixWork>(&task.work);
  const Operand& operand = task.operands[static_cast<std::size_t>(i)];
  Block block = plan.block(operand.block);
  const std::optional<isa::CoreDigit> digit = followed(task, operand);
  if (!digit || !operand.passes.empty()) return std::nullopt;
  block.kept = true;
  block.keptDigit = *digit;
  block.keptCores = task.cores;
  block.distribution.reset();
  if (work != nullptr && i == work->b) {
    // Packed part by part, which blockWeights() does when the tiles are known.
    block.share = matrix::blockedBytes(plan, task, task.dims[plan::N].extent) / digit->count;
    return block;
  }
  block.share = block.keptPart = block.bytes;
  if (digit->count == 1) return block;
  const bool line = operand.axes.size() == 1 && operand.offset == 0 && operand.axes[0].offset == 0;
  const auto dim = std::find_if(task.dims.begin(), task.dims.end(),
                                [&](const auto& each) { return each.digit == digit; });
  if (!line || dim == task.dims.end()) return std::nullopt;
  const auto at = static_cast<std::size_t>(dim - task.dims.begin());
  block.share = block.keptPart = operand.axes[0].coefficients[at] * operand.axes[0].stride;
  if (block.keptPart * digit->count < block.bytes) return std::nullopt;  // the parts interleave
  return block;
}

/// By block: in how many places tasks read it.
std::vector<int> readers(const plan::Plan& plan) {
  std::vector<int> count(plan.blocks.size(), 0);
  for (const Task& task : plan.tasks) {
    for (const Operand& operand : task.operands) ++count[static_cast<std::size_t>(operand.block)];
  }
  return count;
}

/// Constants that can be kept, first those of which each core keeps the smallest part: they spare a
/// memory the most for their room.
std::vector<std::pair<plan::BlockId, Block>> offers(const plan::Plan& plan, bool ofLoops) {
  const std::vector<int> count = readers(plan);
  std::vector<std::pair<plan::BlockId, Block>> result;
  for (const Task& task : plan.tasks) {
    if (std::holds_alternative<plan::CopyWork>(task.work)) continue;
    for (int i = 0; i < std::ssize(task.operands); ++i) {
      const plan::BlockId id = task.operands[static_cast<std::size_t>(i)].block;
      const bool constant = plan.block(id).kind == Block::Kind::Weights;
      if (!constant || count[static_cast<std::size_t>(id)] != 1) continue;
      if (ofLoops && plan.passesOf(task.repeat) == 1) continue;
      if (const auto made = kept(plan, task, i)) result.emplace_back(id, *made);
    }
  }
  std::stable_sort(result.begin(), result.end(), [](const auto& x, const auto& y) {
    return x.second.keptDigit.count > y.second.keptDigit.count;
  });
  return result;
}

/// Gives some cores a part of a constant that was spread over all before, if they have room for it.
bool move(std::int64_t spread, std::int64_t part, const isa::CoreRange& cores,
          std::vector<std::int64_t>& rooms) {
  const auto at = [&](std::size_t core) { return cores.contains(static_cast<std::int64_t>(core)); };
  for (std::size_t core = 0; core < rooms.size(); ++core) {
    if (at(core) && rooms[core] + spread < part) return false;
  }
  for (std::size_t core = 0; core < rooms.size(); ++core) {
    rooms[core] += spread - (at(core) ? part : 0);
  }
  return true;
}

}  // namespace

void keepWeights(plan::Plan& plan, const plan::StorageMap& storages, std::int64_t most,
                 bool ofLoops) {
  const bool beside = storages.weightBuffer == storages.activationBuffer;
  auto room =
      static_cast<std::int64_t>(static_cast<double>(storages.capacity(storages.weightBuffer)) *
                                (beside ? kBesideActivations : kAlone));
  for (const Block& block : plan.blocks) {
    if (block.kind == Block::Kind::Weights) room -= mapping::aligned(block.share);
  }
  room = std::min(room, most);
  std::vector<std::int64_t> rooms(static_cast<std::size_t>(plan.cores), room);
  // Kept parts follow one another; those that stay in memory may have gaps between them.
  const std::int64_t rowBytes = std::exchange(plan.rowBytes, 0);
  for (const auto& [id, made] : offers(plan, ofLoops)) {
    Block& block = plan.block(id);
    if (move(mapping::aligned(block.share), mapping::aligned(made.share), made.keptCores, rooms)) {
      block = made;
    }
  }
  plan.rowBytes = rowBytes;
}

}  // namespace npusim::passes
