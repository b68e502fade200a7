#include "sim/chip/lockstep_array.h"

#include <algorithm>
#include <array>
#include <optional>

#include "sim/laws/lockstep_law.h"

namespace npusim {
namespace {

void shift(ResolvedAccess& access, std::size_t dim, std::int64_t positions) {
  access.address += access.strides[dim] * positions;
  for (ResolvedBound& bound : access.bounds) bound.origin += bound.strides[dim] * positions;
}

void take(const Cut& cut, std::int64_t part, MatrixTile& tile) {
  if (cut.parts == 1) return;
  const std::int64_t first = part * cut.each;
  tile.extents[cut.dim] = std::min(cut.each, tile.extents[cut.dim] - first);
  for (ResolvedAccess* access : {&tile.a, &tile.b, &tile.c}) shift(*access, cut.dim, first);
  for (std::optional<ResolvedAccess>* access : {&tile.bias, &tile.zeroA, &tile.zeroB})
    if (*access) shift(**access, cut.dim, first);
}

/// Which part of the columns and of the rows an array computes.
struct Part {
  std::int64_t column, row;
};

MatrixTile partOf(const MatrixTile& tile, const Dealing& dealing, const Part& part) {
  MatrixTile result = tile;
  take(dealing.columns, part.column, result);
  take(dealing.rows, part.row, result);
  return result;
}

template <typename Visit>
void forEachPart(const Dealing& dealing, const Visit& visit) {
  for (std::int64_t row = 0; row < dealing.rows.parts; ++row) {
    for (std::int64_t column = 0; column < dealing.columns.parts; ++column) {
      visit(Part{column, row});
    }
  }
}

/// Adds what one array does. Inputs are read once for the arrays with the same rows, weights for
/// those with the same columns: by the first, which has the most folds.
void addPart(const ArrayWork& work, const Part& part, ArrayWork& sum) {
  if (part.column == 0) sum.inputBytes += work.inputBytes;
  if (part.row == 0) sum.weightBytes += work.weightBytes;
  sum.partialReadBytes += work.partialReadBytes;
  sum.partialWriteBytes += work.partialWriteBytes;
  sum.localStore += work.localStore;
  sum.network += work.network;
  sum.edgePeCycles += work.edgePeCycles;
  sum.fillDrainPeCycles += work.fillDrainPeCycles;
}

/// The time of arrays that stream less than the slowest, or nothing: at the edge while that one
/// streams, else filling and draining.
void addIdle(const ArrayTiming& slowest, const ArrayTiming& part, double pes, ArrayWork& sum) {
  const std::int64_t streaming = slowest.stream - part.stream;
  const std::int64_t rest = slowest.total() - part.total() - streaming;
  sum.edgePeCycles += pes * static_cast<double>(streaming);
  sum.fillDrainPeCycles += pes * static_cast<double>(rest);
}

/// Costs of the parts: all are as large as the first but for those at the ends.
class PartCosts {
 public:
  PartCosts(ArrayModel& one, const MatrixTile& tile, const Dealing& dealing)
      : one_(one), tile_(tile), dealing_(dealing) {}

  const ArrayCost& at(const Part& part) {
    const bool lastColumn = part.column == dealing_.columns.parts - 1;
    const bool lastRow = part.row == dealing_.rows.parts - 1;
    std::optional<ArrayCost>& cost = costs_[lastColumn ? 1 : 0][lastRow ? 1 : 0];
    if (!cost) cost = one_.cost(partOf(tile_, dealing_, part));
    return *cost;
  }

 private:
  ArrayModel& one_;
  const MatrixTile& tile_;
  const Dealing& dealing_;
  std::array<std::array<std::optional<ArrayCost>, 2>, 2> costs_;
};

}  // namespace

ArrayCost LockstepArray::cost(const MatrixTile& tile) {
  const Dealing dealing = dealings_->of(tile);
  PartCosts costs(*one_, tile, dealing);
  const double pes = static_cast<double>(chip_.array.rows * chip_.array.cols);
  const double idle = static_cast<double>(arraysInStep(chip_) - dealing.parts());
  ArrayCost all{costs.at({0, 0}).timing, {}};
  addIdle(all.timing, {}, pes * idle, all.work);
  forEachPart(dealing, [&](const Part& part) {
    const ArrayCost& cost = costs.at(part);
    addPart(cost.work, part, all.work);
    addIdle(all.timing, cost.timing, pes, all.work);
  });
  return all;
}

ZeroWork LockstepArray::compute(const MatrixTile& tile, std::vector<Storage>& storages) {
  const Dealing dealing = dealings_->of(tile);
  ZeroWork zero;
  forEachPart(dealing, [&](const Part& part) {
    one_->observe(part.column + part.row == 0 ? observer_ : nullptr);
    const ZeroWork done = one_->compute(partOf(tile, dealing, part), storages);
    zero.macs += done.macs;
    zero.savedStore += done.savedStore;
  });
  return zero;
}

}  // namespace npusim
