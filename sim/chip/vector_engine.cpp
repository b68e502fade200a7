#include "sim/chip/vector_engine.h"

#include <algorithm>
#include <span>
#include <vector>

#include "sim/chip/resolve.h"
#include "sim/core/error.h"
#include "sim/laws/bank_loads.h"

namespace npusim {
namespace {

/// The words that a pass reads or writes of one operand, over its first `dims` dimensions. Along
/// innermost dimensions in which it stays the same it is read once; one that repeats along others
/// is read again, unless all of it fits the lanes at once.
RunAccess accessOf(const VectorTile& tile, const ResolvedAccess& operand, std::size_t dims,
                   std::int64_t lanes) {
  while (dims > 0 && operand.strides[dims - 1] == 0) --dims;
  const auto extents = std::span<const std::int64_t>(tile.extents).first(dims);
  RunAccess access = denseAccess(operand.address, operand.strides, extents, byteSize(operand.type));
  if (tile.positions(dims) / access.times <= lanes) access.times = 1;
  return access;
}

}  // namespace

std::int64_t VectorEngine::advance(std::int64_t now) {
  for (;;) {
    if (current_) {
      if (completion_ > now) return completion_;
      finish();
    }
    const std::optional<Issued> issued = fetch(now);
    if (!issued) return kNever;
    start(*issued, now);
  }
}

void VectorEngine::start(const Issued& issued, std::int64_t now) {
  current_ = issued.instruction;
  completion_ = now + machine().issueCycles();
  tile_.reset();
  if (const auto* pass = std::get_if<isa::VectorPass>(&current_->body)) {
    tile_ = resolve(*pass, issued.indices);
    cost_ = &costOf(*tile_);
    completion_ += cost_->cycles;
  } else {
    ensure(std::holds_alternative<isa::Sync>(current_->body),
           "the vector queue holds vector passes only");
  }
}

/// By all numbers that the passes of a loop change.
const VectorEngine::Cost& VectorEngine::costOf(const VectorTile& tile) {
  places_ = tile.extents;
  const auto add = [&](const ResolvedAccess& access) {
    places_.push_back(access.address);
    for (const ResolvedBound& bound : access.bounds) places_.push_back(bound.origin);
  };
  for (const ResolvedOperand& operand : tile.operands) add(operand.access);
  add(tile.out.access);
  return costs_.of(*current_, places_, [&] { return computeCost(tile); });
}

/// The unit's cycles, or those in which the busiest bank of a buffer serves the operands.
VectorEngine::Cost VectorEngine::computeCost(const VectorTile& tile) const {
  const ChipConfig& chip = machine().chip;
  Cost cost{vectorCost(chip.vector, tile), 0};
  if (chip.idealMemory || tile.empty()) return cost;
  std::vector<BankLoads> loads(chip.buffers.begin(), chip.buffers.end());
  const auto add = [&](const ResolvedAccess& operand, std::size_t dims) {
    loads.at(static_cast<std::size_t>(operand.storage))
        .add(accessOf(tile, operand, dims, chip.vector.lanes));
  };
  for (const ResolvedOperand& operand : tile.operands) add(operand.access, tile.extents.size());
  add(tile.out.access, tile.keptDims());
  cost.cycles = cost.work.cycles;
  for (const BankLoads& load : loads) cost.cycles = std::max(cost.cycles, load.cycles());
  return cost;
}

void VectorEngine::finish() {
  if (tile_) {
    Counters& counters = machine().layerOf(*current_).counters;
    const VectorCost& work = cost_->work;
    counters.macs += work.macs;
    counters.vectorSimpleOps += work.simpleOps;
    counters.vectorDivideOps += work.divideOps;
    counters.vectorTranscendentalOps += work.transcendentalOps;
    for (std::size_t i = 0; i < tile_->operands.size(); ++i) {
      machine().countBuffer(counters, tile_->operands[i].access.storage, work.operandBytes[i], 0);
    }
    machine().countBuffer(counters, tile_->out.access.storage, 0, work.outBytes);
    if (machine().values) executePass(*tile_, machine().storages);
  }
  const isa::Instruction* done = current_;
  current_ = nullptr;
  complete(*done, completion_);
}

}  // namespace npusim
