#include "kernels/partition/spread.h"

#include <algorithm>

#include "kernels/mapping/mapping.h"
#include "sim/core/rounding.h"

namespace npusim::partition {
namespace {

/// How many bytes of the block one step of a dealt dimension skips; 0 where that is not one
/// distance.
std::int64_t chunkOf(const plan::Operand& operand, std::size_t dim) {
  std::int64_t bytes = 0;
  for (const plan::Axis& axis : operand.axes) {
    const std::int64_t step = axis.coefficients[dim] * axis.stride;
    if (step == 0) continue;
    if (bytes != 0 || step < 0) return 0;
    bytes = step;
  }
  return bytes;
}

/// Keeps of levels, large chunks before small ones, those that nest.
std::vector<isa::Deal> nested(std::vector<isa::Deal> levels) {
  std::sort(levels.begin(), levels.end(),
            [](const auto& x, const auto& y) { return x.chunk > y.chunk; });
  std::vector<isa::Deal> kept;
  for (const isa::Deal& level : levels) {
    if (!kept.empty() && kept.back().chunk % (level.chunk * level.count) != 0) continue;
    kept.push_back(level);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

/// Deals the chunks that each level leaves whole to the cores of a digit that the block does not
/// follow, too: in equal parts, as many as there are whole ones.
void fill(std::vector<isa::Deal>& levels, const isa::CoreDigit& digit, std::int64_t leastChunk) {
  const std::int64_t whole = levels.front().chunk;
  std::int64_t parts = std::min(digit.count, whole / std::max<std::int64_t>(leastChunk, 1));
  while (parts > 1 && whole % parts != 0) --parts;
  if (parts > 1) levels.insert(levels.begin(), {whole / parts, parts, digit.divisor});
}

}  // namespace

isa::Distribution evenly(std::int64_t bytes, std::int64_t cores) {
  isa::Distribution spread;
  const std::int64_t chunk = mapping::aligned(ceilDiv(bytes, cores));
  const std::int64_t parts = ceilDiv(bytes, chunk);
  if (parts > 1) spread.levels = {{chunk, parts, 1}};
  return spread;
}

isa::Distribution spreadFor(const plan::Task& task, const plan::Operand& operand,
                            std::int64_t bytes, std::int64_t cores, std::int64_t leastChunk) {
  std::vector<isa::Deal> levels;
  for (std::size_t d = 0; d < task.dims.size(); ++d) {
    if (!task.dims[d].digit) continue;
    const std::int64_t chunk = chunkOf(operand, d);
    if (chunk < leastChunk || chunk >= bytes) continue;
    levels.push_back({chunk, task.dims[d].digit->count, task.dims[d].digit->divisor});
  }
  isa::Distribution spread;
  spread.first = task.cores.first;
  spread.levels = nested(std::move(levels));
  if (spread.levels.empty()) return evenly(bytes, cores);
  for (const isa::CoreDigit& digit : plan::digitsOf(task)) {
    const auto dealsTo = [&](const isa::Deal& level) { return level.step == digit.divisor; };
    if (std::ranges::none_of(spread.levels, dealsTo)) fill(spread.levels, digit, leastChunk);
  }
  return spread;
}

}  // namespace npusim::partition
