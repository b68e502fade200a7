#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/plan/plan.h"

namespace npusim::mapping {

/// How a task is cut: a tile size for every dimension, and the dimensions that need a loop (more
/// than one tile), outermost first. A loop's place in `order` is its depth in every queue.
struct Tiling {
  std::vector<std::int64_t> tile;
  std::vector<int> order;

  /// Depth of a dimension's loop, or -1 when one tile covers it.
  int depth(int dim) const;
};

/// One tile over all of a task: of what one core has of it.
Tiling untiled(const plan::Task& task);

/// Can instructions be written for tiles of this size along a dimension? Where the last part of a
/// dealt dimension is shorter, parts must be whole tiles: an extent has one limit.
bool tilesWell(const plan::Task& task, int dim, std::int64_t tile);

/// The tiling of what a matrix task's results take part in: columns (N) whose loop lies within the
/// reduction's are whole there, since their sums are complete together.
Tiling resultTiling(const plan::Task& task, const Tiling& tiling);

std::int64_t tileCount(const plan::Task& task, const Tiling& tiling, int dim);

/// The part of one axis that one tile touches. Without loops over the axis the part is fixed and
/// clipped to the tensor: it begins at `start`. With loops it begins at the tile's own first
/// coordinate and may reach into padding.
struct AxisTile {
  std::int64_t length = 1;
  bool fixed = true;
  std::int64_t start = 0;        ///< of a fixed part
  std::int64_t localStride = 0;  ///< bytes in the on-chip copy
};

/// An operand's on-chip copy for one tile: dense, axes in the operand's order.
struct OperandTile {
  std::vector<AxisTile> axes;
  std::int64_t bytes = 0;
  int level = -1;  ///< depth of the innermost loop that changes it; -1: the same for all tiles
};
/// Fills in `result`, whose memory is used again: the search asks a million times.
void tileOf(const plan::Task& task, const plan::Operand& operand, const Tiling& tiling,
            OperandTile& result);

/// Axes of an operand by their stride in the block, smallest first.
std::vector<std::size_t> axesByStride(const plan::Operand& operand);

/// How a tile of an operand lies in its block: runs of contiguous bytes, one every `pitch` bytes.
struct Runs {
  std::int64_t bytes = 0;
  std::int64_t pitch = 0;
  std::int64_t piece =
      0;  ///< contiguous bytes in the block and on chip: what the DMA moves at once
};
/// `leaves` says of each axis whether the task reaches beyond its ends: there the DMA looks at
/// every element.
Runs runsOf(const plan::Operand& operand, const OperandTile& tile,
            const std::vector<std::size_t>& byStride, const std::vector<bool>& leaves);

/// Elements of one tile over the given dimensions.
std::int64_t tileElements(const Tiling& tiling, std::span<const int> dims);

}  // namespace npusim::mapping
