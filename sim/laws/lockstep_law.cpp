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

/// At most `parts` equal parts of a loop.
Cut cutOf(const ArrayConfig& array, std::int64_t parts, const MatrixShape& shape, std::size_t dim) {
  const std::int64_t extent = shape.extents[dim];
  const std::int64_t each = std::min(extent, roundUp(ceilDiv(extent, parts), lanesOf(array, dim)));
  return {dim, each, ceilDiv(extent, each)};
}

/// The buffer that holds `kind`.
std::size_t bufferOf(const ChipConfig& chip, Holds kind) {
  std::size_t i = 0;
  while (i + 1 < chip.buffers.size() && !chip.buffers[i].holdsKind(kind)) ++i;
  return i;
}

/// Operands of which only the shape is known: pixels of the input whole rounds of the banks apart,
/// where rows that are read together meet, weights and sums dense.
ProductPlaces expectedPlaces(const ChipConfig& chip, DataType format, const MatrixShape& shape) {
  const auto& [images, outRows, outCols, n, tapRows, tapCols, channels] = shape.extents;
  const std::int64_t bytes = byteSize(format), sum = chip.array.storedSumBytes(format);
  const std::size_t inputs = bufferOf(chip, Holds::Activations);
  const BufferConfig& buffer = chip.buffers[inputs];
  const std::int64_t pixel = roundUp(channels * bytes, buffer.banks * buffer.widthBytes);
  const std::int64_t line = pixel * outCols * shape.strides[1];
  const std::int64_t image = line * outRows * shape.strides[0];
  ProductPlaces places{shape, {}, {}, {}};
  places.a = {inputs,
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

/// By columns, and where that is faster without conflicts, by columns and rows or rows alone.
std::vector<Choice> candidates(const ChipConfig& chip, DataType format, const MatrixShape& shape) {
  const ArrayConfig& array = chip.array;
  const std::int64_t arrays = arraysInStep(chip);
  std::vector<Choice> result;
  const auto consider = [&](const Dealing& dealing) {
    const ArrayTiming timing = arrayTiming(array, format, dealing.shapeOf(shape));
    if (!result.empty() && timing.total() >= result.front().timing.total()) return;
    result.push_back({dealing, timing});
  };
  consider({cutOf(array, arrays, shape, kLoopBegins[kN]), {}});
  for (std::int64_t most = arrays; most >= 1; most /= 2) {
    const Cut columns = cutOf(array, most, shape, kLoopBegins[kN]);
    const std::int64_t left = arrays / columns.parts;
    for (std::size_t dim = 0; dim < kLoopBegins[kN] && left > 1; ++dim) {
      if (shape.extents[dim] > 1) consider({columns, cutOf(array, left, shape, dim)});
    }
  }
  return result;
}

/// In the order of their time without conflicts, so that the first ones bound the rest.
Choice choose(const ChipConfig& chip, DataType format, const ProductPlaces& places) {
  std::vector<Choice> choices = candidates(chip, format, places.shape);
  Choice best = choices.front();
  if (choices.size() == 1) return best;
  std::ranges::stable_sort(choices, {}, [](const Choice& c) { return c.timing.total(); });
  // Sums pass as often for a part as for the whole.
  const ArrayWork work = arrayWork(chip.array, format, places.shape);
  for (auto [dealing, timing] : choices) {
    if (timing.total() >= best.timing.total()) break;
    timing.stream += bufferConflictCycles(chip, format, places, dealing, timing, work);
    if (timing.total() < best.timing.total()) best = {dealing, timing};
  }
  return best;
}

}  // namespace

std::int64_t arraysInStep(const ChipConfig& chip) {
  return chip.coreControl == CoreControl::Shared ? chip.cores : 1;
}

MatrixShape Dealing::shapeOf(const MatrixShape& whole, std::int64_t column,
                             std::int64_t row) const {
  MatrixShape shape = whole;
  const auto take = [&](const Cut& cut, std::int64_t part) {
    if (cut.parts == 1) return;
    shape.extents[cut.dim] = std::min(cut.each, whole.extents[cut.dim] - part * cut.each);
  };
  take(columns, column);
  take(rows, row);
  return shape;
}

Dealing dealt(const ChipConfig& chip, DataType format, const ProductPlaces& product) {
  if (arraysInStep(chip) == 1) return {};
  return choose(chip, format, product).dealing;
}

ArrayTiming lockstepTiming(const ChipConfig& chip, DataType format, const MatrixShape& shape) {
  if (arraysInStep(chip) == 1) return arrayTiming(chip.array, format, shape);
  return choose(chip, format, expectedPlaces(chip, format, shape)).timing;
}

}  // namespace npusim
