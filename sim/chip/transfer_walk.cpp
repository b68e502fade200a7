#include "sim/chip/transfer_walk.h"

#include <algorithm>
#include <cstring>

#include "sim/chip/resolve.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

bool inside(const ResolvedAccess& access, std::span<const std::int64_t> position) {
  return std::ranges::all_of(access.bounds, [&](const ResolvedBound& bound) {
    const std::int64_t coordinate =
        dot(bound.origin, bound.strides.first(position.size()), position);
    return coordinate >= 0 && coordinate < bound.limit;
  });
}

std::int64_t addressOf(const ResolvedAccess& access, std::span<const std::int64_t> position) {
  return dot(access.address, access.strides.first(position.size()), position);
}

/// Turns the address in a distributed storage, if it is one, into that in a core's buffer.
void place(const isa::Distribution* distribution, std::int64_t& address,
           std::optional<std::int64_t>& core, std::int64_t& bytes) {
  if (!distribution) return;
  const isa::Distribution::Place at = distribution->at(address);
  address = at.address;
  core = at.core;
  bytes = std::min(bytes, at.contiguous);
}

/// Stands for an index that nobody knows, the `number`-th of its tensor: neighbours fall far apart
/// and all rows are used alike, as those of a table of words (steps of the golden ratio).
std::int64_t scattered(std::int64_t number, std::int64_t positions) {
  constexpr std::uint64_t kGolden = 0x9E3779B9;  // 2^32 / 1.618
  const std::uint64_t share = static_cast<std::uint64_t>(number) * kGolden % (1ULL << 32U);
  return static_cast<std::int64_t>(share * static_cast<std::uint64_t>(positions) >> 32U);
}

/// Do all positions of `extents` lie inside a bound?
bool holdsEverywhere(const ResolvedBound& bound, std::span<const std::int64_t> extents) {
  std::int64_t low = bound.origin, high = bound.origin;
  for (std::size_t d = 0; d < extents.size(); ++d) {
    const std::int64_t reach = bound.strides[d] * (extents[d] - 1);
    (reach < 0 ? low : high) += reach;
  }
  return low >= 0 && high < bound.limit;
}

bool boundless(const ResolvedAccess& access, std::size_t dim) {
  return std::ranges::all_of(access.bounds, [dim](const auto& b) { return b.strides[dim] == 0; });
}

}  // namespace

void TransferWalk::start(const isa::Transfer& transfer, const isa::LoopIndices& loops,
                         const WalkStorages& storages, const std::string& layer) {
  transfer_ = &transfer;
  storages_ = storages;
  layer_ = &layer;
  source_ = resolve(transfer.source, loops);
  target_ = resolve(transfer.target, loops);
  if (transfer.gather) {
    gather_ = resolve(*transfer.gather, loops);
    gathered_ = isa::gatheredPositions(transfer);
  }
  runBytes_ = transfer.run.at(loops);
  extents_.clear();
  for (const isa::Extent& dim : transfer.dims) extents_.push_back(dim.at(loops));
  run_ = {};
  left_ = 0;
  mostBytes_ = runBytes_;
  for (const std::int64_t extent : extents_) mostBytes_ *= extent;
  const bool empty =
      runBytes_ == 0 || std::ranges::any_of(extents_, [](std::int64_t e) { return e == 0; });
  if (empty) return;
  mergeInnerDimensions();
  for (ResolvedAccess* access : {&source_, &target_}) {
    if (access == &source_ && transfer.gather) continue;
    std::erase_if(access->bounds, [&](const auto& b) { return holdsEverywhere(b, extents_); });
  }
  position_.assign(extents_.size(), 0);
  plain_ = !transfer.gather && !storages.source && !storages.target && source_.bounds.empty() &&
           target_.bounds.empty();
  if (!extents_.empty()) {
    innerSource_ = source_.strides[extents_.size() - 1];
    innerTarget_ = target_.strides[extents_.size() - 1];
  }
  if (!enterPosition()) nextPosition();
}

/// Dimensions that are dropped keep position 0, so strides beyond extents_ play no part.
void TransferWalk::mergeInnerDimensions() {
  while (!extents_.empty() && continues(extents_.size() - 1)) {
    runBytes_ *= extents_.back();
    extents_.pop_back();
  }
}

bool TransferWalk::continues(std::size_t dim) const {
  const bool gathers = transfer_->gather &&
                       (transfer_->gatherDim == static_cast<int>(dim) || gather_.strides[dim] != 0);
  if (gathers) return false;
  if (extents_[dim] == 1) return true;
  const bool patternFits = !transfer_->fill || runBytes_ % transfer_->fillBytes == 0;
  return source_.strides[dim] == runBytes_ && target_.strides[dim] == runBytes_ &&
         boundless(source_, dim) && boundless(target_, dim) && patternFits;
}

Run TransferWalk::next() const {
  Run run = run_;
  const std::int64_t offset = runBytes_ - left_;
  run.source += offset;
  run.target += offset;
  run.patternOffset = offset;
  run.bytes = left_;
  if (offset > 0) run.index.reset();
  if (!run.fills) place(storages_.source, run.source, run.sourceCore, run.bytes);
  place(storages_.target, run.target, run.targetCore, run.bytes);
  return run;
}

Run TransferWalk::take(std::int64_t maxBytes) {
  Run run = next();
  run.bytes = std::min(run.bytes, maxBytes);
  pass(run.bytes);
  return run;
}

void TransferWalk::seekPosition() {
  while (stepPosition(position_, extents_)) {
    if (enterPosition()) return;
  }
}

/// Prepares the run at the current position; false when nothing is moved there.
bool TransferWalk::enterPosition() {
  if (!inside(target_, position_)) return false;
  std::span<const std::int64_t> sourcePosition = position_;
  if (transfer_->gather) {
    run_.index = addressOf(gather_, position_);
    sourcePosition_ = position_;
    sourcePosition_[static_cast<std::size_t>(transfer_->gatherDim)] = lookUp(*run_.index);
    sourcePosition = sourcePosition_;
  }
  run_.fills = !inside(source_, sourcePosition);
  if (run_.fills && !transfer_->fill) return false;
  run_.source = addressOf(source_, sourcePosition);
  run_.target = addressOf(target_, position_);
  left_ = runBytes_;
  return true;
}

/// The source position that the index at `address` stands for.
std::int64_t TransferWalk::lookUp(std::int64_t address) const {
  if (!storages_.indices) return scattered(address / byteSize(gather_.type), gathered_);
  const std::int64_t index = readIndex(address);
  if (index < -gathered_ || index >= gathered_) {
    throw BadInput("layer '" + *layer_ + "': index " + std::to_string(index) +
                   " is outside the gathered axis; it must be " + std::to_string(-gathered_) +
                   ".." + std::to_string(gathered_ - 1));
  }
  return index < 0 ? index + gathered_ : index;
}

std::int64_t TransferWalk::readIndex(std::int64_t address) const {
  if (gather_.type == DataType::Int64) {
    std::int64_t index = 0;
    std::memcpy(&index, storages_.indices(address, sizeof index), sizeof index);
    return index;
  }
  std::int32_t index = 0;
  std::memcpy(&index, storages_.indices(address, sizeof index), sizeof index);
  return index;
}

}  // namespace npusim
