#include <array>

#include "kernels/mapping/mapping.h"
#include "kernels/mapping/route.h"
#include "sim/core/rounding.h"

namespace npusim::mapping {

using plan::MatrixWork;
using plan::Task;

Evaluator::Evaluator(const Context& context, const Task& task) : context_(context), task_(task) {
  for (std::size_t i = 0; i <= task.operands.size(); ++i) {
    routes_.push_back(routeOf(context, task, i));
  }
  mapping_.operandTiles.resize(task.operands.size());
  mapping_.operands.resize(task.operands.size());
  if (const auto* work = std::get_if<plan::VectorWork>(&task.work)) {
    mapping_.temporaries.resize(work->temporaries.size());
  }
}

Evaluator::~Evaluator() = default;

const Mapping* Evaluator::evaluate(const Tiling& tiling, bool doubled) {
  for (std::size_t d = 0; d < task_.dims.size(); ++d) {
    if (!tilesWell(task_, static_cast<int>(d), tiling.tile[d])) return nullptr;
  }
  mapping_.tiling = tiling;
  mapping_.results = resultTiling(task_, tiling);
  doubled_ = doubled && !context_.plan.supersteps;
  placeOperands();
  placeOutput();
  if (std::holds_alternative<plan::VectorWork>(task_.work)) placeTemporaries();
  if (!fits()) return nullptr;
  estimate();
  return &mapping_;
}

bool Evaluator::fits() const {
  for (std::size_t s = 0; s < context_.freeBytes.size(); ++s) {
    const auto storage = static_cast<isa::StorageId>(s);
    if (mapping_.bytesIn(storage) > context_.freeBytes[s]) return false;
  }
  return true;
}

std::int64_t Evaluator::passes(int level) const {
  std::int64_t count = 1;
  for (int depth = 0; depth <= level; ++depth) {
    const int dim = mapping_.tiling.order[static_cast<std::size_t>(depth)];
    count *= tileCount(task_, mapping_.tiling, dim);
  }
  return count;
}

Slot Evaluator::slot(isa::StorageId storage, std::int64_t bytes, int level) const {
  if (storage < 0) return {};
  return {storage, bytes, doubled_ && passes(level) > 1 ? 2 : 1, level};
}

void Evaluator::placeOperands() {
  for (std::size_t i = 0; i < task_.operands.size(); ++i) {
    OperandTile& tile = mapping_.operandTiles[i];
    tileOf(task_, task_.operands[i], behindArray(i) ? mapping_.results : mapping_.tiling, tile);
    mapping_.operands[i] = slot(routes_[i].slotStorage, tile.bytes, tile.level);
  }
}

/// Does the vector unit read the operand when the array is done?
bool Evaluator::behindArray(std::size_t operand) const {
  const auto* work = std::get_if<MatrixWork>(&task_.work);
  const auto i = static_cast<int>(operand);
  return work != nullptr && !work->inArray(i);
}

/// Results as wide as their sums that wait in the same buffer take the sums' place.
bool Evaluator::replacesSums() const {
  return mapping_.output.used() && mapping_.output.storage == mapping_.accumulators.storage &&
         task_.output.type == context_.plan.sumType && byteSize(task_.output.type) == 2 &&
         mapping_.output.bytes == mapping_.accumulators.bytes;
}

void Evaluator::placeOutput() {
  using namespace plan;
  OperandTile& tile = mapping_.outputTile;
  tileOf(task_, task_.output, mapping_.results, tile);
  mapping_.inPlace = false;
  mapping_.output = slot(routes_.back().slotStorage, tile.bytes, tile.level);
  const auto* work = std::get_if<MatrixWork>(&task_.work);
  if (work == nullptr) return;
  const DataType format = task_.operands[static_cast<std::size_t>(work->a)].type;
  const std::int64_t sums = tileElements(mapping_.results, std::array<int, 4>{M0, M1, M2, N});
  mapping_.accumulators = slot(context_.storages.accumulators,
                               sums * context_.chip.array.storedSumBytes(format), tile.level);
  mapping_.inPlace = replacesSums();
}

void Evaluator::placeTemporaries() {
  const auto& temporaries = std::get<plan::VectorWork>(task_.work).temporaries;
  for (std::size_t i = 0; i < temporaries.size(); ++i) {
    const std::int64_t bytes = tileElements(mapping_.tiling, temporaries[i].dims) * 4;
    mapping_.temporaries[i] = {context_.storages.activationBuffer, bytes, 1, -1};
  }
}

std::int64_t aligned(std::int64_t bytes) { return roundUp(bytes, kSlotAlignment); }

std::int64_t Mapping::bytesIn(isa::StorageId storage) const {
  std::int64_t bytes = 0;
  const auto add = [&](const Slot& slot) {
    if (slot.used() && slot.storage == storage) bytes += aligned(slot.total());
  };
  for (const Slot& slot : operands) add(slot);
  for (const Slot& slot : temporaries) add(slot);
  if (!inPlace) add(output);
  add(accumulators);
  return bytes;
}

}  // namespace npusim::mapping
