#include <algorithm>
#include <functional>

#include "kernels/mapping/mapping.h"

namespace npusim::mapping {
namespace {

using plan::Task;

Tiling untiled(const Task& task) {
  Tiling tiling;
  for (const plan::Dimension& dim : task.dims) tiling.tile.push_back(dim.extent);
  return tiling;
}

/// Fills in the loops that a tiling needs, in the order of `dims`.
Tiling ordered(const Task& task, Tiling tiling, const std::vector<int>& dims) {
  tiling.order.clear();
  for (const int d : dims) {
    if (tileCount(task, tiling, d) > 1) tiling.order.push_back(d);
  }
  return tiling;
}

using Sizes = std::vector<std::int64_t>;

/// Tile sizes over nested dimensions that cut them like a staircase, largest first: all dimensions
/// whole, then the first one in ever smaller pieces, then the first at 1 and the next in pieces...
std::vector<Sizes> staircase(const Task& task, const std::vector<int>& dims,
                             const std::function<Sizes(int)>& cuts) {
  Sizes whole;
  for (const int d : dims) whole.push_back(task.dims[static_cast<std::size_t>(d)].extent);
  std::vector<Sizes> result = {whole};
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (whole[i] == 1 || !task.dims[static_cast<std::size_t>(dims[i])].tileable) continue;
    for (const std::int64_t size : cuts(dims[i])) {
      if (size == whole[i]) continue;
      Sizes sizes = whole;
      for (std::size_t j = 0; j < i; ++j) {
        if (task.dims[static_cast<std::size_t>(dims[j])].tileable) sizes[j] = 1;
      }
      sizes[i] = size;
      result.push_back(sizes);
    }
  }
  return result;
}

void assign(Tiling& tiling, const std::vector<int>& dims, const Sizes& sizes) {
  for (std::size_t i = 0; i < dims.size(); ++i) {
    tiling.tile[static_cast<std::size_t>(dims[i])] = sizes[i];
  }
}

/// Tile sizes in whole multiples of `unit` (an array dimension: a partial fold costs as much as a
/// full one), and for small extents the even splits too, largest first.
Sizes pieces(std::int64_t extent, std::int64_t unit) {
  constexpr std::int64_t kSmall = 16;
  Sizes sizes = extent <= kSmall ? splits(extent) : Sizes{};
  for (const std::int64_t folds : splits((extent + unit - 1) / unit)) {
    sizes.push_back(std::min(extent, folds * unit));
  }
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

/// Keeps the cheapest mapping offered.
class Best {
 public:
  explicit Best(const Context& context) : context_(context) {}

  void offer(std::optional<Mapping> mapping) {
    if (!mapping) return;
    const double c = mapping::cost(context_, mapping->estimate);
    if (best_ && c >= cost_) return;
    best_ = std::move(mapping);
    cost_ = c;
  }
  std::optional<Mapping> take() { return std::move(best_); }
  const std::optional<Mapping>& peek() const { return best_; }
  double cost() const { return cost_; }

 private:
  const Context& context_;
  std::optional<Mapping> best_;
  double cost_ = 0;
};

const std::vector<int>& rowDims() {
  static const std::vector<int> dims = {plan::M0, plan::M1, plan::M2};
  return dims;
}
const std::vector<int>& reductionDims() {
  static const std::vector<int> dims = {plan::K0, plan::K1, plan::K2};
  return dims;
}

/// Loop orders: the reduction always innermost, so partial sums never leave the accumulators.
const std::vector<std::vector<int>>& matrixOrders() {
  using namespace plan;
  static const std::vector<std::vector<int>> orders = {{G0, G1, M0, M1, M2, N, K0, K1, K2},
                                                       {G0, G1, N, M0, M1, M2, K0, K1, K2}};
  return orders;
}

/// Reduction tiles, largest first, by what is cut first: window rows or input channels.
std::vector<std::vector<Sizes>> reductionSizes(const Context& context, const Task& task) {
  using namespace plan;
  const auto cuts = [&](int d) {
    const std::int64_t extent = task.dims[static_cast<std::size_t>(d)].extent;
    return d == K2 ? pieces(extent, context.chip.array.rows) : splits(extent);
  };
  std::vector<Sizes> channelsFirst;
  for (const Sizes& sizes : staircase(task, {K2, K0, K1}, cuts)) {
    channelsFirst.push_back({sizes[1], sizes[2], sizes[0]});
  }
  return {staircase(task, reductionDims(), cuts), channelsFirst};
}

/// Tiles of (image, row, column): the staircase, and where that leaves few choices every pair of
/// row and column pieces.
std::vector<Sizes> rowSizes(const Task& task) {
  using namespace plan;
  constexpr std::size_t kFewPairs = 100;
  const auto cuts = [&](int d) { return splits(task.dims[static_cast<std::size_t>(d)].extent); };
  std::vector<Sizes> sizes = staircase(task, rowDims(), cuts);
  const Sizes rows = cuts(M1);
  const Sizes columns = cuts(M2);
  if (rows.size() * columns.size() > kFewPairs || task.dims[M0].extent > 1) return sizes;
  for (const std::int64_t row : rows) {
    for (const std::int64_t column : columns) sizes.push_back({1, row, column});
  }
  return sizes;
}

/// For given rows and columns the largest reduction tile that fits is the best: smaller ones only
/// add instructions. Offers it with and without double buffering.
void offerReductions(const Context& context, const Task& task, Tiling tiling,
                     const std::vector<Sizes>& reductions, Best& best) {
  for (const std::vector<int>& order : matrixOrders()) {
    for (const bool doubled : {true, false}) {
      for (const Sizes& reduction : reductions) {
        assign(tiling, reductionDims(), reduction);
        std::optional<Mapping> mapping =
            evaluate(context, task, ordered(task, tiling, order), doubled);
        if (!mapping) continue;
        best.offer(std::move(mapping));
        break;
      }
    }
  }
}

/// Offers a tiling in both loop orders, with and without double buffering.
void offerOrders(const Context& context, const Task& task, const Tiling& tiling, Best& best) {
  for (const std::vector<int>& order : matrixOrders()) {
    for (const bool doubled : {true, false}) {
      best.offer(evaluate(context, task, ordered(task, tiling, order), doubled));
    }
  }
}

/// Improves the best mapping by changing one dimension, or two where that leaves few choices,
/// until nothing gets cheaper: reaches the uneven tilings that the staircases leave out.
void refine(const Context& context, const Task& task, Best& best) {
  using namespace plan;
  constexpr std::size_t kFewPairs = 100;
  const std::vector<int> dims = {M0, M1, M2, N, K0, K1, K2};
  std::vector<Sizes> sizes;
  for (const int d : dims) sizes.push_back(splits(task.dims[static_cast<std::size_t>(d)].extent));
  const auto vary = [&](std::size_t first, std::size_t second) {
    Tiling tiling = best.peek()->tiling;
    for (const std::int64_t x : sizes[first]) {
      tiling.tile[static_cast<std::size_t>(dims[first])] = x;
      if (first == second) offerOrders(context, task, tiling, best);
      if (first == second) continue;
      for (const std::int64_t y : sizes[second]) {
        tiling.tile[static_cast<std::size_t>(dims[second])] = y;
        offerOrders(context, task, tiling, best);
      }
    }
  };
  for (double before = -1; best.peek() && best.cost() != before;) {
    before = best.cost();
    for (std::size_t i = 0; i < dims.size(); ++i) {
      for (std::size_t j = i; j < dims.size(); ++j) {
        const std::size_t choices = sizes[i].size() * sizes[j].size();
        if (i == j || (choices > 1 && choices <= kFewPairs)) vary(i, j);
      }
    }
  }
}

std::optional<Mapping> searchMatrix(const Context& context, const Task& task) {
  using namespace plan;
  Best best(context);
  Tiling tiling = untiled(task);
  tiling.tile[G0] = tiling.tile[G1] = 1;
  const std::vector<Sizes> rows = rowSizes(task);
  const std::vector<std::vector<Sizes>> reductions = reductionSizes(context, task);
  for (const std::int64_t n : pieces(task.dims[N].extent, context.chip.array.cols)) {
    tiling.tile[N] = n;
    for (const Sizes& row : rows) {
      assign(tiling, rowDims(), row);
      for (const std::vector<Sizes>& family : reductions) {
        offerReductions(context, task, tiling, family, best);
      }
    }
  }
  refine(context, task, best);
  return best.take();
}

std::vector<int> allDims(const Task& task) {
  std::vector<int> dims;
  for (std::size_t d = 0; d < task.dims.size(); ++d) dims.push_back(static_cast<int>(d));
  return dims;
}

std::optional<Mapping> searchVector(const Context& context, const Task& task) {
  Best best(context);
  Tiling tiling = untiled(task);
  const std::vector<int> dims = allDims(task);
  const auto cuts = [&](int d) { return splits(task.dims[static_cast<std::size_t>(d)].extent); };
  for (const Sizes& sizes : staircase(task, dims, cuts)) {
    assign(tiling, dims, sizes);
    for (const bool doubled : {true, false}) {
      best.offer(evaluate(context, task, ordered(task, tiling, dims), doubled));
    }
  }
  return best.take();
}

}  // namespace

std::vector<std::int64_t> splits(std::int64_t extent) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t parts = 1; parts <= extent;) {
    const std::int64_t size = (extent + parts - 1) / parts;
    sizes.push_back(size);
    if (size == 1) break;
    parts = (extent + size - 2) / (size - 1);  // the fewest parts that make tiles smaller
  }
  return sizes;
}

std::optional<Mapping> search(const Context& context, const Task& task) {
  if (std::holds_alternative<plan::CopyWork>(task.work)) {
    return evaluate(context, task, untiled(task), false);
  }
  if (std::holds_alternative<plan::MatrixWork>(task.work)) return searchMatrix(context, task);
  return searchVector(context, task);
}

Mapping smallest(const Context& context, const Task& task) {
  Context unlimited = context;
  for (std::int64_t& bytes : unlimited.freeBytes) bytes = INT64_MAX / 4;
  Tiling tiling = untiled(task);
  std::vector<int> order = allDims(task);
  if (std::holds_alternative<plan::MatrixWork>(task.work)) {
    for (std::int64_t& size : tiling.tile) size = 1;
    tiling.tile[plan::N] = std::min(task.dims[plan::N].extent, context.chip.array.cols);
    tiling.tile[plan::K2] = std::min(task.dims[plan::K2].extent, context.chip.array.rows);
    order = matrixOrders().front();
  } else if (std::holds_alternative<plan::VectorWork>(task.work)) {
    tiling.tile = tiling.tile.empty() ? tiling.tile
                                      : staircase(task, order, [](int) { return Sizes{1}; }).back();
  }
  std::optional<Mapping> mapping = evaluate(unlimited, task, ordered(task, tiling, order), false);
  ensure(mapping.has_value(), "the smallest tiling does not fit unlimited storage");
  return std::move(*mapping);
}

}  // namespace npusim::mapping
