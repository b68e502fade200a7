#include "kernels/partition/candidates.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim::partition {
namespace {

using plan::Task;
using Cuts = std::vector<Cut>;

/// A dimension that may be dealt, in whole multiples of `unit`.
struct Choice {
  int dim = 0;
  std::int64_t unit = 1;
};

std::int64_t extentOf(const Task& task, int dim) {
  return task.dims[static_cast<std::size_t>(dim)].extent;
}

/// Distance in memory from one position of a dimension to the next in the result; 0 where the
/// result does not follow it.
std::int64_t pitchOf(const Task& task, int dim) {
  std::int64_t pitch = 0;
  for (const plan::Axis& axis : task.output.axes) {
    const std::int64_t step = axis.coefficients[static_cast<std::size_t>(dim)];
    pitch = std::max(pitch, std::abs(step) * axis.stride);
  }
  return pitch;
}

/// Dimensions of the result that can be dealt at all, outermost in memory first.
std::vector<int> dealable(const Task& task) {
  const auto* copy = std::get_if<plan::CopyWork>(&task.work);
  const bool matrix = std::holds_alternative<plan::MatrixWork>(task.work);
  std::vector<int> dims;
  for (int d = 0; d < std::ssize(task.dims); ++d) {
    const bool fixed = copy != nullptr ? copy->gatherDim == d
                       : matrix        ? d >= plan::K0
                                       : !task.dims[static_cast<std::size_t>(d)].tileable;
    if (!fixed && extentOf(task, d) > 1 && pitchOf(task, d) > 0) dims.push_back(d);
  }
  std::stable_sort(dims.begin(), dims.end(),
                   [&](int x, int y) { return pitchOf(task, x) > pitchOf(task, y); });
  return dims;
}

/// The dimension that runs over images (or images and what lies in them), if there are several.
std::vector<Choice> imagesOf(const std::vector<int>& dims, const Task& task,
                             const Shape& shape) {
  const std::int64_t images = shape.empty() ? 1 : shape.front();
  if (images == 1 || dims.empty() || extentOf(task, dims.front()) % images != 0) return {};
  return {{dims.front(), extentOf(task, dims.front()) / images}};
}

/// The dimensions that `partition` names.
std::vector<Choice> named(const Task& task, const Shape& shape, Partition partition,
                          const std::vector<int>& dims) {
  const bool matrix = std::holds_alternative<plan::MatrixWork>(task.work);
  const std::vector<Choice> images = imagesOf(dims, task, shape);
  if (partition == Partition::Batch) return images;
  if (partition == Partition::Channel) {
    if (dims.empty()) return {};
    const bool groups = matrix && extentOf(task, plan::N) == 1;
    return {{matrix && !groups ? static_cast<int>(plan::N) : dims.back(), 1}};
  }
  for (const int d : dims) {
    const bool wholeImages = !images.empty() && images.front().dim == d && images.front().unit == 1;
    if (!wholeImages && (!matrix || d < plan::N)) return {{d, 1}};
  }
  return {};
}

/// Cuts of a dimension into about `parts`: even ones, and ones in whole array columns.
std::vector<Cut> cutsInto(const Task& task, const Choice& choice, std::int64_t parts,
                          const ChipConfig& chip) {
  const std::int64_t extent = extentOf(task, choice.dim);
  const bool matrix = std::holds_alternative<plan::MatrixWork>(task.work);
  std::int64_t even = roundUp(ceilDiv(extent, parts), choice.unit);
  // Products are instructions of their own, which a shorter part cannot leave out.
  while (matrix && choice.dim <= plan::G1 && extent % even != 0) ++even;
  std::vector<Cut> cuts = {{choice.dim, std::min(extent, even)}};
  const bool columns = matrix && choice.dim == plan::N && choice.unit == 1;
  const std::int64_t folds = std::min(extent, roundUp(even, chip.array.cols));
  if (columns && folds != even) cuts.push_back({choice.dim, folds});
  return cuts;
}

/// Two dimensions together, cores split between them every way that is a power of two.
void addPairs(std::vector<Cuts>& all, const Task& task, const Choice& x, const Choice& y,
              const ChipConfig& chip, std::int64_t cores) {
  for (std::int64_t first = 2; first <= cores / 2; first *= 2) {
    for (const Cut& a : cutsInto(task, x, first, chip)) {
      const std::int64_t left = cores / partsOf(task, a);
      for (const Cut& b : cutsInto(task, y, left, chip)) all.push_back({a, b});
    }
  }
}

void keepDistinct(std::vector<Cuts>& all, const Task& task, std::int64_t cores) {
  for (Cuts& cuts : all) {
    std::erase_if(cuts, [&](const Cut& cut) { return partsOf(task, cut) == 1; });
  }
  std::vector<Cuts> kept;
  for (const Cuts& cuts : all) {
    const bool known = std::find(kept.begin(), kept.end(), cuts) != kept.end();
    if (!known && coresOf(task, cuts) <= cores) kept.push_back(cuts);
  }
  all = std::move(kept);
}

}  // namespace

std::vector<Cuts> candidates(const plan::Plan& plan, const Task& task, const ChipConfig& chip,
                             Partition partition, std::int64_t cores) {
  const std::vector<int> dims = dealable(task);
  const Shape& shape = plan.layers[static_cast<std::size_t>(task.layer)].outputShape;
  std::vector<Choice> choices;
  if (partition != Partition::Auto) choices = named(task, shape, partition, dims);
  const bool forced = !choices.empty();
  if (!forced) {
    for (const int d : dims) choices.push_back({d, 1});
  }
  std::vector<Cuts> all;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    for (const Cut& cut : cutsInto(task, choices[i], cores, chip)) all.push_back({cut});
    for (std::size_t j = i + 1; j < choices.size(); ++j) {
      addPairs(all, task, choices[i], choices[j], chip, cores);
    }
  }
  if (!forced) all.push_back({});
  keepDistinct(all, task, cores);
  if (all.empty()) all.push_back({});
  return all;
}

}  // namespace npusim::partition
