#include "sim/array/module/fold_plan.h"

#include <algorithm>
#include <vector>

#include "sim/core/rounding.h"

namespace npusim::modules {
namespace {

/// All positions of an index.
std::int64_t lengthOf(const MatrixShape& shape, Index index) {
  if (index == Index::M) return shape.m();
  return index == Index::N ? shape.n() : shape.k();
}

Axis axisOver(const std::vector<LoopDim>& loops, std::int64_t pes, const MatrixShape& shape,
              std::int64_t depth) {
  const Index index = indexOf(loops.front());
  Axis axis;
  for (const LoopDim loop : loops) axis.length *= shape.extents[static_cast<std::size_t>(loop)];
  axis.repeats = lengthOf(shape, index) / axis.length;
  axis.lanes = pes;
  axis.depth = index == Index::K ? depth : 1;
  return axis;
}

}  // namespace

std::int64_t Axis::pieces() const { return ceilDiv(ceilDiv(length, depth), lanes); }

Range Axis::lane(std::int64_t fold, std::int64_t lane) const {
  const std::int64_t first = (fold % pieces() * lanes + lane) * depth;
  if (first >= length) return {};
  return {fold / pieces() * length + first, std::min(depth, length - first)};
}

FoldPlan::FoldPlan(const Geometry& geometry, const MatrixShape& shape)
    : rows_(axisOver(geometry.array.dataflow.rows, geometry.rows, shape, geometry.depth)),
      cols_(axisOver(geometry.array.dataflow.cols, geometry.cols, shape, geometry.depth)),
      alongRows_(geometry.alongRows),
      alongCols_(geometry.alongCols),
      streamed_(geometry.streamed),
      beat_(geometry.beat) {
  stream_.length = lengthOf(shape, streamed_);
  stream_.depth = streamed_ == Index::K ? geometry.depth : 1;
  steps_ = stream_.lanes = ceilDiv(stream_.length, stream_.depth);
}

std::int64_t FoldPlan::foldsOfK() const {
  if (alongRows_ == Index::K) return rows_.folds();
  return alongCols_ == Index::K ? cols_.folds() : 1;
}

/// Folds along k are the outer ones, so that sums come back as late as possible.
Part FoldPlan::part(std::int64_t fold, std::int64_t row, std::int64_t col,
                    std::int64_t step) const {
  const bool colsOuter = alongCols_ == Index::K;
  const std::int64_t inner = colsOuter ? rows_.folds() : cols_.folds();
  const std::int64_t rowFold = colsOuter ? fold % inner : fold / inner;
  const std::int64_t colFold = colsOuter ? fold / inner : fold % inner;
  Part part;
  if (row >= 0) part[static_cast<std::size_t>(alongRows_)] = rows_.lane(rowFold, row);
  if (col >= 0) part[static_cast<std::size_t>(alongCols_)] = cols_.lane(colFold, col);
  if (step >= 0) part[static_cast<std::size_t>(streamed_)] = stream_.lane(0, step);
  return part;
}

}  // namespace npusim::modules
