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
    cost_ = vectorCost(machine().chip.vector, *tile_);
    completion_ += passCycles();
  } else {
    ensure(std::holds_alternative<isa::Sync>(current_->body),
           "the vector queue holds vector passes only");
  }
}

/// The unit's cycles, or those in which the busiest bank of a buffer serves the operands.
std::int64_t VectorEngine::passCycles() const {
  const ChipConfig& chip = machine().chip;
  if (chip.idealMemory || tile_->empty()) return 0;
  std::vector<BankLoads> loads(chip.buffers.begin(), chip.buffers.end());
  const auto add = [&](const ResolvedAccess& operand, std::size_t dims) {
    loads.at(static_cast<std::size_t>(operand.storage))
        .add(accessOf(*tile_, operand, dims, chip.vector.lanes));
  };
  for (const ResolvedOperand& operand : tile_->operands) add(operand.access, tile_->extents.size());
  add(tile_->out.access, tile_->keptDims());
  std::int64_t cycles = cost_.cycles;
  for (const BankLoads& load : loads) cycles = std::max(cycles, load.cycles());
  return cycles;
}

void VectorEngine::finish() {
  if (tile_) {
    Counters& counters = machine().layerOf(*current_).counters;
    counters.macs += cost_.macs;
    counters.vectorSimpleOps += cost_.simpleOps;
    counters.vectorDivideOps += cost_.divideOps;
    counters.vectorTranscendentalOps += cost_.transcendentalOps;
    for (std::size_t i = 0; i < tile_->operands.size(); ++i) {
      machine().countBuffer(counters, tile_->operands[i].access.storage, cost_.operandBytes[i], 0);
    }
    machine().countBuffer(counters, tile_->out.access.storage, 0, cost_.outBytes);
    if (machine().values) executePass(*tile_, machine().storages);
  }
  const isa::Instruction* done = current_;
  current_ = nullptr;
  complete(*done, completion_);
}

}  // namespace npusim
