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
                             const std::function<Sizes(int)>& pieces) {
  Sizes whole;
  for (const int d : dims) whole.push_back(task.dims[static_cast<std::size_t>(d)].extent);
  std::vector<Sizes> result = {whole};
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (whole[i] == 1 || !task.dims[static_cast<std::size_t>(dims[i])].tileable) continue;
    for (const std::int64_t size : pieces(dims[i])) {
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

/// Splits of an extent in whole multiples of `unit` (an array dimension): partial folds cost as
/// much as full ones.
Sizes multiples(std::int64_t extent, std::int64_t unit) {
  Sizes sizes;
  for (const std::int64_t folds : splits((extent + unit - 1) / unit)) {
    sizes.push_back(std::min(extent, folds * unit));
  }
  return sizes;
}

/// Keeps the cheapest mapping offered.
class Best {
 public:
  explicit Best(const Context& context) : context_(context) {}

  void offer(std::optional<Mapping> mapping) {
    if (!mapping) return;
    const double c = cost(context_, mapping->estimate);
    if (best_ && c >= cost_) return;
    best_ = std::move(mapping);
    cost_ = c;
  }
  std::optional<Mapping> take() { return std::move(best_); }

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

std::vector<Sizes> reductionSizes(const Context& context, const Task& task) {
  return staircase(task, reductionDims(), [&](int d) {
    const std::int64_t extent = task.dims[static_cast<std::size_t>(d)].extent;
    return d == plan::K2 ? multiples(extent, context.chip.array.rows) : splits(extent);
  });
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

std::optional<Mapping> searchMatrix(const Context& context, const Task& task) {
  using namespace plan;
  Best best(context);
  Tiling tiling = untiled(task);
  tiling.tile[G0] = tiling.tile[G1] = 1;
  const auto pieces = [&](int d) { return splits(task.dims[static_cast<std::size_t>(d)].extent); };
  const std::vector<Sizes> rows = staircase(task, rowDims(), pieces);
  const std::vector<Sizes> reductions = reductionSizes(context, task);
  for (const std::int64_t n : multiples(task.dims[N].extent, context.chip.array.cols)) {
    tiling.tile[N] = n;
    for (const Sizes& row : rows) {
      assign(tiling, rowDims(), row);
      offerReductions(context, task, tiling, reductions, best);
    }
  }
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
  const auto pieces = [&](int d) { return splits(task.dims[static_cast<std::size_t>(d)].extent); };
  for (const Sizes& sizes : staircase(task, dims, pieces)) {
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
