#include <algorithm>
#include <array>
#include <functional>

#include "kernels/mapping/mapping.h"
#include "kernels/mapping/shortlist.h"
#include "sim/core/rounding.h"

namespace npusim::mapping {
namespace {

using plan::Task;
using Sizes = std::vector<std::int64_t>;

/// Two dimensions are cut together only where that leaves at most so many choices.
constexpr std::size_t kFewPairs = 100;

/// So many of the cheapest tilings are played, of each at most so many tiles, and of all together
/// at most as many as keep the search short.
constexpr std::size_t kPlayed = 32;
constexpr std::int64_t kTilesOfOne = 256;
constexpr std::int64_t kPlayedTiles = 4096;

/// Costs within this factor are nearly equal: what playing a mapping gets wrong is about as much.
constexpr double kNearly = 1.005;

/// So many column tiles, the cheapest, have their best mapping refined: changing one or two
/// dimensions at a time does not lead from each to every other.
constexpr std::size_t kStarts = 3;

constexpr std::array<int, 3> kRowDims = {plan::M0, plan::M1, plan::M2};
constexpr std::array<int, 3> kReductionDims = {plan::K0, plan::K1, plan::K2};

std::int64_t extentOf(const Task& task, int dim) {
  return task.dims[static_cast<std::size_t>(dim)].extent;
}

/// All dimensions that may have a loop.
std::vector<int> allDims(const Task& task) {
  std::vector<int> dims;
  for (std::size_t d = 0; d < task.dims.size() && !task.dims[d].isOuter(); ++d) {
    dims.push_back(static_cast<int>(d));
  }
  return dims;
}

/// Of tile sizes those that a dimension can be cut into; where it ends early, its divisors up to
/// the largest of them in their place.
Sizes allowed(const Task& task, int dim, Sizes sizes) {
  if (!plan::endsEarly(task, dim) || sizes.empty()) return sizes;
  Sizes divisors;
  for (std::int64_t size = sizes.front(); size >= 1; --size) {
    if (extentOf(task, dim) % size == 0) divisors.push_back(size);
  }
  return divisors;
}

/// Loop orders of a matrix task: the reduction always innermost, so partial sums never leave the
/// accumulators.
std::vector<std::vector<int>> matrixOrders() {
  using namespace plan;
  return {{G0, G1, M0, M1, M2, N, K0, K1, K2}, {G0, G1, N, M0, M1, M2, K0, K1, K2}};
}

/// Tile sizes over nested dimensions that cut them like a staircase, largest first: all dimensions
/// whole, then the first one in ever smaller pieces, then the first at 1 and the next in pieces...
std::vector<Sizes> staircase(const Task& task, const std::vector<int>& dims,
                             const std::function<Sizes(int)>& cuts) {
  Sizes whole;
  for (const int d : dims) whole.push_back(extentOf(task, d));
  std::vector<Sizes> result = {whole};
  const auto tileable = [&](std::size_t i) {
    return task.dims[static_cast<std::size_t>(dims[i])].tileable;
  };
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (whole[i] == 1 || !tileable(i)) continue;
    for (const std::int64_t size : cuts(dims[i])) {
      if (size == whole[i]) continue;
      Sizes sizes = whole;
      for (std::size_t j = 0; j < i; ++j) sizes[j] = tileable(j) ? 1 : whole[j];
      sizes[i] = size;
      result.push_back(std::move(sizes));
    }
  }
  return result;
}

/// Sizes that make equal tiles but for the last along a dimension.
Sizes cutsOf(const Task& task, int dim) { return allowed(task, dim, splits(extentOf(task, dim))); }

/// Tile sizes in whole multiples of `unit` (an array dimension: a partial fold costs as much as a
/// full one), and for small extents the even splits too, largest first.
Sizes pieces(std::int64_t extent, std::int64_t unit) {
  constexpr std::int64_t kSmall = 16;
  Sizes sizes = extent <= kSmall ? splits(extent) : Sizes{};
  for (const std::int64_t folds : splits(ceilDiv(extent, unit))) {
    sizes.push_back(std::min(extent, folds * unit));
  }
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

/// Looks for the cheapest tiling of one task.
class Search {
 public:
  Search(const Context& context, const Task& task)
      : context_(context), task_(task), evaluator_(context, task) {
    if (std::holds_alternative<plan::MatrixWork>(task.work)) {
      orders_ = matrixOrders();
    } else {
      orders_ = {allDims(task)};
    }
  }

  std::optional<Mapping> run() {
    if (std::holds_alternative<plan::MatrixWork>(task_.work)) {
      searchMatrix();
    } else {
      searchVector();
    }
    if (!context_.chip.idealMemory && !context_.plan.supersteps) play();
    return std::move(best_);
  }

 private:
  /// Plays the tilings that promise to be the cheapest. Of those that turn out nearly as cheap as
  /// the best it takes the one with the least traffic, and of those with as much the one with the
  /// fewest instructions' overheads: what is not needed cannot get in the way.
  void play() {
    std::vector<Mapping> played;
    std::int64_t tiles = 0;
    for (const Shortlist::Entry& entry : shortlist_.entries()) {
      tiles += std::min(kTilesOfOne, tilesOf(entry.tiling));
      if (tiles > kPlayedTiles) break;
      Mapping& mapping = played.emplace_back(*evaluator_.evaluate(entry.tiling, entry.doubled));
      mapping.estimate.cycles = evaluator_.replay(mapping, kTilesOfOne);
    }
    if (played.empty()) return;
    const auto costOf = [&](const Mapping& m) { return cost(context_, m.estimate); };
    const double least = costOf(*std::ranges::min_element(played, {}, costOf));
    std::erase_if(played, [&](const Mapping& m) { return costOf(m) > kNearly * least; });
    best_ = std::move(*std::ranges::min_element(played, {}, [](const Mapping& m) {
      return std::pair(m.estimate.dramBytes, m.estimate.array + m.estimate.vector);
    }));
  }

  std::int64_t tilesOf(const Tiling& tiling) const {
    std::int64_t tiles = 1;
    for (const int d : tiling.order) tiles *= tileCount(task_, tiling, d);
    return tiles;
  }

  /// Where a refinement begins.
  struct Start {
    Mapping mapping;
    double cost = 0;
  };

  /// Evaluates the tile sizes in `tiling_` in one loop order; keeps the mapping if it is the
  /// cheapest so far. What it costs, or nothing when it does not fit.
  std::optional<double> offer(const std::vector<int>& order, bool doubled) {
    tiling_.order.clear();
    for (const int d : order) {
      if (tileCount(task_, tiling_, d) > 1) tiling_.order.push_back(d);
    }
    const Mapping* mapping = evaluator_.evaluate(tiling_, doubled);
    if (mapping == nullptr) return std::nullopt;
    const double c = cost(context_, mapping->estimate);
    shortlist_.offer(c, tiling_, doubled);
    if (best_ && c >= bestCost_) return c;
    best_ = *mapping;
    bestCost_ = c;
    return c;
  }

  void offerAllOrders() {
    for (const std::vector<int>& order : orders_) {
      for (const bool doubled : {true, false}) offer(order, doubled);
    }
  }

  template <typename Dims>
  void assign(const Dims& dims, const Sizes& sizes) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      tiling_.tile[static_cast<std::size_t>(dims[i])] = sizes[i];
    }
  }

  Sizes piecesOf(int dim, std::int64_t unit) const {
    return allowed(task_, dim, pieces(extentOf(task_, dim), unit));
  }

  /// Reduction tiles, largest first: one family for each order in which window rows, window
  /// columns and input channels may be cut.
  std::vector<std::vector<Sizes>> reductionFamilies() const {
    using namespace plan;
    const auto cuts = [&](int d) {
      return d == K2 ? piecesOf(d, context_.chip.array.rows) : cutsOf(task_, d);
    };
    std::vector<std::vector<Sizes>> families;
    const std::vector<std::vector<int>> cutOrders = {{K0, K1, K2}, {K2, K0, K1}, {K0, K2, K1}};
    for (const std::vector<int>& order : cutOrders) {
      std::vector<Sizes>& family = families.emplace_back();
      for (const Sizes& sizes : staircase(task_, order, cuts)) {
        Sizes sorted(sizes.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
          sorted[static_cast<std::size_t>(order[i] - K0)] = sizes[i];
        }
        family.push_back(std::move(sorted));
      }
      if (extentOf(task_, K0) * extentOf(task_, K1) == 1) break;  // all orders are the same
    }
    return families;
  }

  /// Tiles of (image, row, column): the staircase, and where that leaves few choices every pair
  /// of row and column pieces.
  std::vector<Sizes> rowSizes() const {
    using namespace plan;
    const auto cuts = [&](int d) { return cutsOf(task_, d); };
    std::vector<Sizes> sizes = staircase(task_, {M0, M1, M2}, cuts);
    const Sizes rows = cuts(M1);
    const Sizes columns = cuts(M2);
    if (rows.size() * columns.size() > kFewPairs || extentOf(task_, M0) > 1) return sizes;
    for (const std::int64_t row : rows) {
      for (const std::int64_t column : columns) sizes.push_back({1, row, column});
    }
    return sizes;
  }

  /// For given rows and columns the largest reduction tile of each family that fits is mostly the
  /// best, since smaller ones add instructions; while those are cheaper, because the first of them
  /// is loaded sooner, they are tried too.
  void offerReductions(const std::vector<std::vector<Sizes>>& families) {
    for (const std::vector<int>& order : orders_) {
      for (const bool doubled : {true, false}) {
        for (const std::vector<Sizes>& family : families) {
          if (offerFamily(family, order, doubled)) break;  // all families begin with it
        }
      }
    }
  }

  /// Does the whole reduction fit?
  bool offerFamily(const std::vector<Sizes>& family, const std::vector<int>& order, bool doubled) {
    std::optional<double> before;
    bool whole = false;
    for (std::size_t i = 0; i < family.size(); ++i) {
      assign(kReductionDims, family[i]);
      const std::optional<double> c = offer(order, doubled);
      if (before && (!c || *c >= *before)) return whole;
      whole = whole || (c && i == 0);
      before = c;
    }
    return whole;
  }

  void searchMatrix() {
    using namespace plan;
    tiling_ = untiled(task_);
    tiling_.tile[G0] = tiling_.tile[G1] = 1;
    if (context_.chip.idealMemory) return offerAllOrders();  // all fits: an instruction a product
    const std::vector<Sizes> rows = rowSizes();
    const std::vector<std::vector<Sizes>> families = reductionFamilies();
    std::vector<Start> starts;
    for (const std::int64_t n : piecesOf(N, context_.chip.array.cols)) {
      tiling_.tile[N] = n;
      best_.reset();
      for (const Sizes& row : rows) {
        assign(kRowDims, row);
        offerReductions(families);
      }
      if (best_) starts.push_back({std::move(*best_), bestCost_});
    }
    std::ranges::sort(starts, {}, &Start::cost);
    // Dealing to cores asks for many mappings of each task.
    const std::size_t most = context_.plan.cores == 1 ? kStarts : 1;
    if (starts.size() > most) starts.resize(most);
    for (Start& start : starts) {
      best_ = std::move(start.mapping);
      bestCost_ = start.cost;
      refine({M0, M1, M2, N, K0, K1, K2});
      start = {std::move(*best_), bestCost_};
    }
    best_.reset();
    if (starts.empty()) return;
    Start& least = *std::ranges::min_element(starts, {}, &Start::cost);
    best_ = std::move(least.mapping);
    bestCost_ = least.cost;
  }

  void searchVector() {
    const std::vector<int> dims = allDims(task_);
    tiling_ = untiled(task_);
    const auto cuts = [&](int d) { return cutsOf(task_, d); };
    for (const Sizes& sizes : staircase(task_, dims, cuts)) {
      assign(dims, sizes);
      offerAllOrders();
    }
  }

  /// Improves the best mapping by changing one dimension, or two where that leaves few choices,
  /// until nothing gets cheaper: reaches the uneven tilings that the staircases leave out.
  void refine(const std::vector<int>& dims) {
    std::vector<Sizes> sizes;
    for (const int d : dims) sizes.push_back(cutsOf(task_, d));
    for (double before = -1; best_ && bestCost_ != before;) {
      before = bestCost_;
      for (std::size_t i = 0; i < dims.size(); ++i) {
        vary({dims[i]}, {sizes[i]});
        for (std::size_t j = i + 1; j < dims.size(); ++j) {
          const bool both = sizes[i].size() > 1 && sizes[j].size() > 1;
          if (!both || sizes[i].size() * sizes[j].size() > kFewPairs) continue;
          vary({dims[i], dims[j]}, {sizes[i], sizes[j]});
        }
      }
    }
  }

  /// Offers the best tiling with the given dimensions at all combinations of the given sizes.
  void vary(const std::vector<int>& dims, const std::vector<Sizes>& sizes) {
    tiling_ = best_->tiling;
    const std::function<void(std::size_t)> visit = [&](std::size_t i) {
      if (i == dims.size()) return offerAllOrders();
      for (const std::int64_t size : sizes[i]) {
        tiling_.tile[static_cast<std::size_t>(dims[i])] = size;
        visit(i + 1);
      }
    };
    visit(0);
  }

  const Context& context_;
  const Task& task_;
  Evaluator evaluator_;
  std::vector<std::vector<int>> orders_;
  Shortlist shortlist_{kPlayed};
  Tiling tiling_;
  std::optional<Mapping> best_;
  double bestCost_ = 0;
};

}  // namespace

std::vector<std::int64_t> splits(std::int64_t extent) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t parts = 1; parts <= extent;) {
    const std::int64_t size = ceilDiv(extent, parts);
    sizes.push_back(size);
    if (size == 1) break;
    parts = (extent + size - 2) / (size - 1);  // the fewest parts that make tiles smaller
  }
  return sizes;
}

std::optional<Mapping> search(const Context& context, const Task& task) {
  const auto* matrix = std::get_if<plan::MatrixWork>(&task.work);
  if (matrix != nullptr && matrix->mapping) return given(context, task);
  if (!std::holds_alternative<plan::CopyWork>(task.work)) return Search(context, task).run();
  Evaluator evaluator(context, task);
  const Mapping* mapping = evaluator.evaluate(untiled(task), false);
  if (mapping == nullptr) return std::nullopt;  // what is resident does not fit itself
  return *mapping;
}

Mapping smallest(const Context& context, const Task& task) {
  Context unlimited = context;
  for (std::int64_t& bytes : unlimited.freeBytes) bytes = INT64_MAX / 4;
  Tiling tiling = untiled(task);
  std::vector<int> order = allDims(task);
  if (std::holds_alternative<plan::MatrixWork>(task.work)) {
    for (std::int64_t& size : tiling.tile) size = 1;
    const auto part = [&](int dim, std::int64_t most) {
      return allowed(task, dim, {std::min(extentOf(task, dim), most)}).front();
    };
    tiling.tile[plan::N] = part(plan::N, context.chip.array.cols);
    tiling.tile[plan::K2] = part(plan::K2, context.chip.array.rows);
    order = matrixOrders().front();
  } else if (std::holds_alternative<plan::VectorWork>(task.work)) {
    const Sizes least = staircase(task, order, [](int) { return Sizes{1}; }).back();
    std::copy(least.begin(), least.end(), tiling.tile.begin());
  }
  for (const int d : order) {
    if (tileCount(task, tiling, d) > 1) tiling.order.push_back(d);
  }
  Evaluator evaluator(unlimited, task);
  const Mapping* mapping = evaluator.evaluate(tiling, false);
  ensure(mapping != nullptr, "the smallest tiling does not fit unlimited storage");
  return *mapping;
}

}  // namespace npusim::mapping
