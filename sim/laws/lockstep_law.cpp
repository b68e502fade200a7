#include "sim/laws/lockstep_law.h"

#include <algorithm>
#include <vector>

#include "sim/core/rounding.h"
#include "sim/laws/array_law.h"
#include "sim/laws/buffer_law.h"
#include "sim/laws/loop_groups.h"

namespace npusim {
namespace {

/// Positions of a loop that an array takes at once: a part that is no multiple of them leaves PEs
/// idle.
std::int64_t lanesOf(const ArrayConfig& array, std::size_t dim) {
  const LoopGroup group = dim < kLoopBegins[kN] ? kM : kN;
  const bool innermost = dim + 1 == kLoopBegins[group + 1];
  if (!innermost || array.dataflow.kind != ArrayKind::Systolic) return 1;
  if (groupOf(array.dataflow.rows.front()) == group) return array.rows;
  return groupOf(array.dataflow.cols.front()) == group ? array.cols : 1;
}

/// `extent` positions over at most `arrays` arrays in equal parts.
Dealing dealtAlong(const ArrayConfig& array, std::int64_t arrays, const MatrixShape& shape,
                   std::size_t dim) {
  const std::int64_t extent = shape.extents[dim];
  const std::int64_t each = std::min(extent, roundUp(ceilDiv(extent, arrays), lanesOf(array, dim)));
  return {dim, each, ceilDiv(extent, each)};
}

/// The buffer that holds `kind`.
std::size_t bufferOf(const ChipConfig& chip, Holds kind) {
  std::size_t i = 0;
  while (i + 1 < chip.buffers.size() && !chip.buffers[i].holdsKind(kind)) ++i;
  return i;
}

/// Operands as they lie in buffers of their own: the input window N, H, W, C, weights by k and n,
/// sums by m and n.
ProductPlaces densePlaces(const ChipConfig& chip, DataType format, const MatrixShape& shape) {
  const auto& [images, outRows, outCols, n, tapRows, tapCols, channels] = shape.extents;
  const std::int64_t bytes = byteSize(format), sum = chip.array.partialSumBytes;
  const std::int64_t pixel = channels * bytes;
  const std::int64_t line =
      pixel * ((outCols - 1) * shape.strides[1] + (tapCols - 1) * shape.dilations[1] + 1);
  const std::int64_t image =
      line * ((outRows - 1) * shape.strides[0] + (tapRows - 1) * shape.dilations[0] + 1);
  ProductPlaces places{shape, {}, {}, {}};
  places.a = {bufferOf(chip, Holds::Activations),
              0,
              {image, line * shape.strides[0], pixel * shape.strides[1], 0,
               line * shape.dilations[0], pixel * shape.dilations[1], bytes},
              bytes};
  places.b = {bufferOf(chip, Holds::Weights),
              0,
              {0, 0, 0, bytes, tapCols * channels * n * bytes, channels * n * bytes, n * bytes},
              bytes};
  places.c = {bufferOf(chip, Holds::Accumulators),
              0,
              {outRows * outCols * n * sum, outCols * n * sum, n * sum, sum, 0, 0, 0},
              sum};
  return places;
}

struct Choice {
  Dealing dealing;
  ArrayTiming timing;  ///< of the first part
};

/// By columns, and where that is faster without conflicts, by rows.
std::vector<Choice> candidates(const ChipConfig& chip, DataType format, const MatrixShape& shape) {
  std::vector<Choice> result;
  for (const std::size_t dim : {kLoopBegins[kN], std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    const bool byColumns = dim == kLoopBegins[kN];
    if (shape.extents[dim] == 1 && !byColumns) continue;
    const Dealing dealing = dealtAlong(chip.array, arraysInStep(chip), shape, dim);
    const ArrayTiming timing = arrayTiming(chip.array, format, dealing.shapeOf(shape, 0));
    if (byColumns || timing.total() < result.front().timing.total()) {
      result.push_back({dealing, timing});
    }
  }
  return result;
}

Choice choose(const ChipConfig& chip, DataType format, const MatrixShape& shape) {
  const std::vector<Choice> choices = candidates(chip, format, shape);
  Choice best = choices.front();
  if (choices.size() == 1) return best;
  const ProductPlaces places = densePlaces(chip, format, shape);
  const ArrayWork work = arrayWork(chip.array, format, shape);  // sums pass as often for a part
  for (std::size_t i = 1; i < choices.size(); ++i) {
    auto [dealing, timing] = choices[i];
    if (timing.total() >= best.timing.total()) continue;
    timing.stream += bufferConflictCycles(chip, format, places, dealing, timing, work);
    if (timing.total() < best.timing.total()) best = {dealing, timing};
  }
  return best;
}

}  // namespace

std::int64_t arraysInStep(const ChipConfig& chip) {
  return chip.coreControl == CoreControl::Shared ? chip.cores : 1;
}

MatrixShape Dealing::shapeOf(const MatrixShape& whole, std::int64_t part) const {
  MatrixShape shape = whole;
  if (parts > 1) shape.extents[dim] = std::min(each, whole.extents[dim] - part * each);
  return shape;
}

Dealing dealt(const ChipConfig& chip, DataType format, const MatrixShape& shape) {
  if (arraysInStep(chip) == 1) return {kLoopBegins[kN], shape.n(), 1};
  return choose(chip, format, shape).dealing;
}

ArrayTiming lockstepTiming(const ChipConfig& chip, DataType format, const MatrixShape& shape) {
  if (arraysInStep(chip) == 1) return arrayTiming(chip.array, format, shape);
  return choose(chip, format, shape).timing;
}

}  // namespace npusim
