#include "sim/chip/lockstep_array.h"

#include <algorithm>

#include "sim/laws/lockstep_law.h"

namespace npusim {
namespace {

void shift(ResolvedAccess& access, std::size_t dim, std::int64_t positions) {
  access.address += access.strides[dim] * positions;
  for (ResolvedBound& bound : access.bounds) bound.origin += bound.strides[dim] * positions;
}

MatrixTile partOf(const MatrixTile& tile, const Dealing& dealing, std::int64_t part) {
  MatrixTile result = tile;
  if (dealing.parts == 1) return result;
  const std::int64_t first = part * dealing.each;
  result.extents[dealing.dim] = std::min(dealing.each, tile.extents[dealing.dim] - first);
  for (ResolvedAccess* access : {&result.a, &result.b, &result.c})
    shift(*access, dealing.dim, first);
  if (result.bias) shift(*result.bias, dealing.dim, first);
  return result;
}

Dealing dealtFor(const ChipConfig& chip, const MatrixTile& tile) {
  return dealt(chip, arrayFormat(tile.a.type), tile.shape());
}

/// Adds what `arrays` arrays do that each do a part. An operand that does not depend on the dealt
/// loop is the same for all parts and was read with the first.
void addParts(const ArrayWork& part, const Dealing& dealing, std::int64_t arrays, ArrayWork& sum) {
  const bool byColumns = dealing.dim == MatrixTile::kN;
  const auto count = static_cast<double>(arrays);
  sum.inputBytes = byColumns ? std::max(sum.inputBytes, part.inputBytes)
                             : sum.inputBytes + arrays * part.inputBytes;
  sum.weightBytes = byColumns ? sum.weightBytes + arrays * part.weightBytes
                              : std::max(sum.weightBytes, part.weightBytes);
  sum.partialReadBytes += arrays * part.partialReadBytes;
  sum.partialWriteBytes += arrays * part.partialWriteBytes;
  for (std::int64_t i = 0; i < arrays; ++i) {
    sum.localStore += part.localStore;
    sum.network += part.network;
  }
  sum.edgePeCycles += count * part.edgePeCycles;
  sum.fillDrainPeCycles += count * part.fillDrainPeCycles;
}

/// The time of arrays that stream less than the slowest, or nothing: at the edge while that one
/// streams, else filling and draining.
void addIdle(const ArrayTiming& slowest, const ArrayTiming& part, double pes, ArrayWork& sum) {
  const std::int64_t streaming = slowest.stream - part.stream;
  const std::int64_t rest = slowest.total() - part.total() - streaming;
  sum.edgePeCycles += pes * static_cast<double>(streaming);
  sum.fillDrainPeCycles += pes * static_cast<double>(rest);
}

}  // namespace

ArrayCost LockstepArray::cost(const MatrixTile& tile) {
  const Dealing dealing = dealtFor(chip_, tile);
  const ArrayCost first = one_->cost(partOf(tile, dealing, 0));
  const ArrayCost last = one_->cost(partOf(tile, dealing, dealing.parts - 1));
  const std::int64_t idle = arraysInStep(chip_) - dealing.parts;
  const double pes = static_cast<double>(chip_.array.rows * chip_.array.cols);
  ArrayCost all{first.timing, {}};
  addParts(first.work, dealing, dealing.parts - 1, all.work);
  addParts(last.work, dealing, 1, all.work);
  addIdle(first.timing, last.timing, pes, all.work);
  addIdle(first.timing, {}, pes * static_cast<double>(idle), all.work);
  return all;
}

ZeroWork LockstepArray::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  const Dealing dealing = dealtFor(chip_, tile);
  ZeroWork zero;
  for (std::int64_t part = 0; part < dealing.parts; ++part) {
    one_->observe(part == 0 ? observer_ : nullptr);
    const ZeroWork done = one_->compute(partOf(tile, dealing, part), storages);
    zero.macs += done.macs;
    zero.savedStore += done.savedStore;
  }
  return zero;
}

}  // namespace npusim
