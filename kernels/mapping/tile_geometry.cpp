#include "kernels/mapping/tile_geometry.h"

#include <algorithm>
#include <numeric>

#include "sim/core/rounding.h"

namespace npusim::mapping {

int Tiling::depth(int dim) const {
  const auto found = std::find(order.begin(), order.end(), dim);
  return found == order.end() ? -1 : static_cast<int>(found - order.begin());
}

Tiling untiled(const plan::Task& task) {
  Tiling tiling;
  for (const plan::Dimension& dim : task.dims)
    tiling.tile.push_back(dim.isOuter() ? 1 : dim.extent);
  return tiling;
}

bool tilesWell(const plan::Task& task, int dim, std::int64_t tile) {
  return task.dims[static_cast<std::size_t>(dim)].extent % tile == 0 || !plan::endsEarly(task, dim);
}

Tiling resultTiling(const plan::Task& task, const Tiling& tiling) {
  using namespace plan;
  Tiling results = tiling;
  const bool matrix = std::holds_alternative<MatrixWork>(task.work);
  if (!matrix || tiling.order.empty() || tiling.order.back() != N) return results;
  const bool within = tiling.depth(K0) >= 0 || tiling.depth(K1) >= 0 || tiling.depth(K2) >= 0;
  if (!within) return results;
  results.tile[N] = task.dims[N].extent;
  results.order.pop_back();
  return results;
}

std::int64_t tileCount(const plan::Task& task, const Tiling& tiling, int dim) {
  const auto d = static_cast<std::size_t>(dim);
  if (task.dims[d].isOuter()) return 1;
  return ceilDiv(task.dims[d].extent, tiling.tile[d]);
}

void tileOf(const plan::Task& task, const plan::Operand& operand, const Tiling& tiling,
            OperandTile& result) {
  result.axes.assign(operand.axes.size(), {});
  result.level = -1;
  std::int64_t stride = byteSize(operand.type);
  for (std::size_t a = operand.axes.size(); a-- > 0;) {
    const plan::Axis& axis = operand.axes[a];
    AxisTile& part = result.axes[a];
    for (std::size_t d = 0; d < task.dims.size(); ++d) {
      if (axis.coefficients[d] == 0) continue;
      part.length += axis.coefficients[d] * (tiling.tile[d] - 1);
      const int depth = tiling.depth(static_cast<int>(d));
      result.level = std::max(result.level, depth);
      part.fixed = part.fixed && depth < 0 && !task.dims[d].isOuter();
    }
    if (part.fixed) {
      const std::int64_t end = std::min(axis.extent, axis.offset + part.length);
      part.start = std::clamp<std::int64_t>(axis.offset, 0, axis.extent - 1);
      part.length = std::max<std::int64_t>(1, end - part.start);  // 1 even when all is padding
    }
    part.localStride = stride;
    stride *= part.length;
  }
  result.bytes = stride;
}

std::vector<std::size_t> axesByStride(const plan::Operand& operand) {
  std::vector<std::size_t> order(operand.axes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
    return operand.axes[x].stride < operand.axes[y].stride;
  });
  return order;
}

Runs runsOf(const plan::Operand& operand, const OperandTile& tile,
            const std::vector<std::size_t>& byStride, const std::vector<bool>& leaves) {
  Runs runs{byteSize(operand.type), 0, byteSize(operand.type)};
  bool whole = true;     // so far the tile covers its axes completely
  bool together = true;  // so far the on-chip copy keeps the block's order, and all of it is there
  for (const std::size_t a : byStride) {
    const plan::Axis& axis = operand.axes[a];
    const std::int64_t length = tile.axes[a].length;
    if (length == 1 && axis.extent == 1) continue;
    if (!whole || axis.stride != runs.bytes) {
      if (length == 1) continue;
      runs.pitch = axis.stride;
      break;
    }
    const bool checked = !tile.axes[a].fixed && leaves[a] && length > 1;
    together = together && tile.axes[a].localStride == runs.piece && !checked;
    if (together) runs.piece *= length;
    runs.bytes *= length;
    whole = length == (axis.blockLength > 0 ? axis.blockLength : axis.extent);
  }
  runs.pitch = std::max(runs.pitch, runs.bytes);
  return runs;
}

std::int64_t tileElements(const Tiling& tiling, std::span<const int> dims) {
  std::int64_t elements = 1;
  for (const int d : dims) elements *= tiling.tile[static_cast<std::size_t>(d)];
  return elements;
}

}  // namespace npusim::mapping
