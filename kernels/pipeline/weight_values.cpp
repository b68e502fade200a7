#include "kernels/pipeline/weight_values.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "sim/core/rounding.h"

namespace npusim {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

/// `value` as the tensor's type holds it.
double stored(double value, DataType type) {
  Tensor one(type, {1});
  one.set(0, value);
  return one.at(0);
}

/// Which values share a scale.
class Groups {
 public:
  Groups(const MatrixLayout& layout, std::int64_t rowsPerScale)
      : layout_(layout), rows_(rowsPerScale == 0 ? layout.rows : rowsPerScale) {}

  std::int64_t count(std::int64_t values) const {
    return values / (layout_.rows * layout_.columns) * each();
  }
  std::int64_t of(std::int64_t i) const {
    return layout_.matrix(i) * each() + layout_.row(i) / rows_ * layout_.columns +
           layout_.column(i);
  }

 private:
  std::int64_t each() const { return ceilDiv(layout_.rows, rows_) * layout_.columns; }

  MatrixLayout layout_;
  std::int64_t rows_;
};

/// Means of the runs of `sorted` that lie nearest to each of `centres`, which are sorted too.
class Lloyd {
 public:
  explicit Lloyd(const std::vector<double>& sorted) : sorted_(sorted), sums_(sorted.size() + 1) {
    std::partial_sum(sorted.begin(), sorted.end(), sums_.begin() + 1);
  }

  std::vector<double> centres(std::size_t count) const {
    constexpr int kMostRounds = 100;
    std::vector<double> centres(count);
    for (std::size_t c = 0; c < count; ++c) {
      centres[c] = std::lerp(sorted_.front(), sorted_.back(),
                             (static_cast<double>(c) + 0.5) / static_cast<double>(count));
    }
    for (int round = 0; round < kMostRounds; ++round) {
      std::vector<double> moved = means(centres);
      if (moved == centres) break;
      centres = std::move(moved);
    }
    return centres;
  }

 private:
  std::vector<double> means(const std::vector<double>& centres) const {
    std::vector<double> result = centres;
    std::size_t begin = 0;
    for (std::size_t c = 0; c < centres.size(); ++c) {
      std::size_t end = sorted_.size();
      if (c + 1 < centres.size()) {
        const double border = (centres[c] + centres[c + 1]) / 2;
        end = static_cast<std::size_t>(std::ranges::upper_bound(sorted_, border) - sorted_.begin());
      }
      if (end > begin) result[c] = (sums_[end] - sums_[begin]) / static_cast<double>(end - begin);
      begin = std::max(begin, end);
    }
    return result;
  }

  const std::vector<double>& sorted_;
  std::vector<double> sums_;
};

double nearest(const std::vector<double>& sorted, double value) {
  const auto above = std::ranges::lower_bound(sorted, value);
  if (above == sorted.begin()) return *above;
  const double below = *std::prev(above);
  return above == sorted.end() || value - below <= *above - value ? below : *above;
}

}  // namespace

MatrixLayout convolutionLayout(const Shape& shape) {
  const std::int64_t reduction = elementCount(shape) / shape[0];
  const std::int64_t window = reduction / shape[1];
  return {reduction, shape[0], reduction, 1, window, window};
}

MatrixLayout matMulLayout(const Shape& shape, bool transposed) {
  const std::int64_t last = shape.back(), before = shape[shape.size() - 2];
  if (transposed) return {last, before, last, 1, 1, 1};
  return {before, last, 1, 1, 1, last};
}

Tensor roundToScales(Tensor& weights, const MatrixLayout& layout, std::int64_t rowsPerScale,
                     int bits) {
  const Groups groups(layout, rowsPerScale);
  const double most = (1 << (bits - 1)) - 1;
  std::vector<double> scale(at(groups.count(weights.size())));
  for (std::int64_t i = 0; i < weights.size(); ++i) {
    double& largest = scale[at(groups.of(i))];
    largest = std::max(largest, std::abs(weights.at(i)));
  }
  for (double& each : scale) each = stored(each / most, weights.type());
  Tensor scales(weights.type(), weights.shape());
  for (std::int64_t i = 0; i < weights.size(); ++i) {
    const double own = scale[at(groups.of(i))];
    const double code = own == 0 ? 0 : std::nearbyint(weights.at(i) / own);
    weights.set(i, std::clamp(code, -most, most) * own);
    scales.set(i, own);
  }
  return scales;
}

void roundToPalette(Tensor& weights, int bits) {
  std::vector<double> sorted(at(weights.size()));
  for (std::int64_t i = 0; i < weights.size(); ++i) sorted[at(i)] = weights.at(i);
  std::ranges::sort(sorted);
  std::vector<double> table = Lloyd(sorted).centres((std::size_t{1} << bits) - 1);
  for (double& each : table) each = stored(each, weights.type()) + 0.0;  // no negative zero
  table.insert(std::ranges::lower_bound(table, 0.0), 0.0);
  for (std::int64_t i = 0; i < weights.size(); ++i) weights.set(i, nearest(table, weights.at(i)));
}

void prune(Tensor& weights, double share) {
  std::vector<std::int64_t> order(at(weights.size()));
  std::iota(order.begin(), order.end(), 0);
  const std::int64_t count = std::llround(share * static_cast<double>(weights.size()));
  const auto smaller = [&](std::int64_t a, std::int64_t b) {
    const double x = std::abs(weights.at(a)), y = std::abs(weights.at(b));
    return x != y ? x < y : a < b;
  };
  std::nth_element(order.begin(), order.begin() + count, order.end(), smaller);
  for (std::int64_t i = 0; i < count; ++i) weights.set(order[at(i)], 0);
}

}  // namespace npusim
