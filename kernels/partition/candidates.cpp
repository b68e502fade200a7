#include "kernels/partition/candidates.h"

#include <algorithm>

#include "sim/core/rounding.h"

namespace npusim::partition {
namespace {

using plan::Task;
using Cuts = std::vector<CoreCut>;

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

/// Would parts of a dimension lie between each other along an axis of the result, whose tiles have
/// no gaps? Products are tiles of their own.
bool interleaves(const Task& task, int dim) {
  const auto at = static_cast<std::size_t>(dim);
  const bool matrix = std::holds_alternative<plan::MatrixWork>(task.work);
  if (std::holds_alternative<plan::CopyWork>(task.work)) return false;
  for (const plan::Axis& axis : task.output.axes) {
    if (axis.coefficients[at] == 0) continue;
    for (std::size_t d = matrix ? plan::M0 : 0; d < task.dims.size(); ++d) {
      const bool outer = std::abs(axis.coefficients[d]) > std::abs(axis.coefficients[at]);
      if (outer && task.dims[d].extent > 1 && !task.dims[d].isOuter()) return true;
    }
  }
  return false;
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
    const bool one = extentOf(task, d) == 1 || pitchOf(task, d) == 0;
    if (!fixed && !one && !interleaves(task, d)) dims.push_back(d);
  }
  std::stable_sort(dims.begin(), dims.end(),
                   [&](int x, int y) { return pitchOf(task, x) > pitchOf(task, y); });
  return dims;
}

/// The dimension that runs over images (or images and what lies in them), if there are several.
std::vector<Choice> imagesOf(const std::vector<int>& dims, const Task& task, const Shape& shape) {
  const std::int64_t images = shape.empty() ? 1 : shape.front();
  if (images == 1 || dims.empty() || extentOf(task, dims.front()) % images != 0) return {};
  return {{dims.front(), extentOf(task, dims.front()) / images}};
}

/// The dimensions that `partition` names.
std::vector<Choice> named(const Task& task, const Shape& shape, Partition partition,
                          const std::vector<int>& dims) {
  const bool matrix = std::holds_alternative<plan::MatrixWork>(task.work);
  std::vector<Choice> images = imagesOf(dims, task, shape);
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

/// Makes the cuts of one task.
class Cutter {
 public:
  Cutter(const Task& task, const ChipConfig& chip, const Cores& cores)
      : task_(task),
        chip_(chip),
        cores_(cores),
        matrix_(std::holds_alternative<plan::MatrixWork>(task.work)) {}

  /// Cuts of a dimension into at most `parts`: even ones, and ones in whole array columns.
  std::vector<CoreCut> into(const Choice& choice, std::int64_t parts) const {
    const std::int64_t extent = extentOf(task_, choice.dim);
    std::int64_t even = std::min(extent, roundUp(ceilDiv(extent, parts), choice.unit));
    // Products are instructions of their own, which a shorter part cannot leave out.
    const bool products = matrix_ && choice.dim <= plan::G1;
    while (products && extent % even != 0) ++even;
    if (products && cores_.all && extent / even != parts) return {};
    std::vector<CoreCut> cuts = {cut(choice, even, parts)};
    const std::int64_t folds = std::min(extent, roundUp(even, chip_.array.cols));
    const bool columns = matrix_ && choice.dim == plan::N && choice.unit == 1;
    if (columns && folds != even) cuts.push_back(cut(choice, folds, parts));
    return cuts;
  }

  std::vector<Cuts> alone(const Choice& choice) const {
    std::vector<Cuts> all;
    for (const CoreCut& each : into(choice, cores_.count)) all.push_back({each});
    return all;
  }

  /// Two dimensions together, cores split between them every way that is a power of two. The inner
  /// one in memory changes slowest from core to core: cores that share weights follow one another,
  /// and those that read for them are spread over the memory's ports.
  std::vector<Cuts> pairs(const Choice& x, const Choice& y) const {
    std::vector<Cuts> all;
    for (std::int64_t first = 2; first <= cores_.count / 2; first *= 2) {
      for (const CoreCut& a : into(x, first)) {
        for (const CoreCut& b : into(y, cores_.count / a.parts)) all.push_back({b, a});
      }
    }
    return all;
  }

 private:
  CoreCut cut(const Choice& choice, std::int64_t part, std::int64_t parts) const {
    const std::int64_t needed = ceilDiv(extentOf(task_, choice.dim), part);
    return {choice.dim, part, cores_.all ? parts : needed};
  }

  const Task& task_;
  const ChipConfig& chip_;
  const Cores& cores_;
  bool matrix_;
};

std::vector<Cuts> distinct(std::vector<Cuts> all, const Cores& cores) {
  std::vector<Cuts> kept;
  for (Cuts& cuts : all) {
    std::erase_if(cuts, [](const CoreCut& cut) { return cut.parts == 1; });
    const std::int64_t count = coresOf(cuts);
    const bool fits = cores.all ? count == cores.count : count <= cores.count;
    if (fits && std::find(kept.begin(), kept.end(), cuts) == kept.end()) kept.push_back(cuts);
  }
  return kept;
}

/// The dimension that the images were split off: with one position left, or more, it can be dealt
/// so that some cores have something to do.
std::vector<Choice> ofOneImage(const Task& task) {
  for (const plan::Dimension& dim : task.dims) {
    if (dim.images) return {{dim.of, 1}};
  }
  return {};
}

}  // namespace

bool canFollow(const plan::Plan& plan, const Task& task, Partition partition) {
  const Shape& shape = plan.layers[static_cast<std::size_t>(task.layer)].outputShape;
  return partition == Partition::Auto || !named(task, shape, partition, dealable(task)).empty();
}

std::vector<Cuts> candidates(const plan::Plan& plan, const Task& task, const ChipConfig& chip,
                             Partition partition, const Cores& cores) {
  const std::vector<int> dims = dealable(task);
  const Shape& shape = plan.layers[static_cast<std::size_t>(task.layer)].outputShape;
  std::vector<Choice> choices;
  if (partition != Partition::Auto) choices = named(task, shape, partition, dims);
  const bool forced = !choices.empty();
  if (!forced) {
    for (const int d : dims) choices.push_back(Choice{d, 1});
  }
  if (cores.all && choices.empty()) choices = ofOneImage(task);
  const Cutter cutter(task, chip, cores);
  std::vector<Cuts> all;
  const auto add = [&](const std::vector<Cuts>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  for (std::size_t i = 0; i < choices.size(); ++i) {
    add(cutter.alone(choices[i]));
    for (std::size_t j = i + 1; j < choices.size(); ++j) add(cutter.pairs(choices[i], choices[j]));
  }
  if (!forced) all.emplace_back();
  all = distinct(std::move(all), cores);
  if (all.empty()) all.emplace_back();
  return all;
}

}  // namespace npusim::partition
