#pragma once

#include <array>
#include <cstdint>

#include "sim/array/module/geometry.h"

namespace npusim::modules {

/// Positions [first, first + count) of an index.
struct Range {
  std::int64_t first = -1, count = 0;
};

/// What part of the product is meant, by Index.
using Part = std::array<Range, 3>;
inline const Range& at(const Part& part, Index index) {
  return part[static_cast<std::size_t>(index)];
}

/// One dimension of the array, or the stream of steps, over an index: `repeats` times a run of
/// `length` positions, `depth` of them to a lane, `lanes` lanes at a time.
struct Axis {
  std::int64_t repeats = 1, length = 1, lanes = 1, depth = 1;

  std::int64_t pieces() const;
  std::int64_t folds() const { return repeats * pieces(); }
  /// What a lane does in a fold; nothing past a run's end.
  Range lane(std::int64_t fold, std::int64_t lane) const;
};

/// A product cut into folds, each as large as the array.
class FoldPlan {
 public:
  FoldPlan() = default;
  FoldPlan(const Geometry& geometry, const MatrixShape& shape);

  std::int64_t folds() const { return rows_.folds() * cols_.folds(); }
  std::int64_t steps() const { return steps_; }
  std::int64_t streamCycles() const { return steps_ * beat_; }
  /// Folds that each sum goes through.
  std::int64_t foldsOfK() const;
  /// A sum comes back after so many folds.
  std::int64_t foldsBetween() const { return folds() / foldsOfK(); }

  /// The part that row `row`, column `col` (-1: whichever) of the array does in step `step` (-1:
  /// whichever) of a fold.
  Part part(std::int64_t fold, std::int64_t row, std::int64_t col, std::int64_t step) const;

 private:
  Axis rows_, cols_, stream_;
  Index alongRows_ = Index::M, alongCols_ = Index::N, streamed_ = Index::K;
  std::int64_t steps_ = 0, beat_ = 1;
};

}  // namespace npusim::modules
