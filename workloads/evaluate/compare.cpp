#include "workloads/evaluate/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace npusim {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> toDoubles(const Tensor& tensor) {
  std::vector<double> values(static_cast<std::size_t>(tensor.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = tensor.at(static_cast<std::int64_t>(i));
  }
  return values;
}

/// |a - b|, where a NaN is infinitely far from everything.
double distance(double a, double b) {
  if (a == b) return 0;
  const double difference = std::abs(a - b);
  return std::isnan(difference) ? kInfinity : difference;
}

double greatest(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) {
    if (std::isfinite(value)) most = std::max(most, std::abs(value));
  }
  return most;
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  if (aa == 0 && bb == 0) return 1;
  const double similarity = ab / std::sqrt(aa * bb);
  return std::isfinite(similarity) ? similarity : 0;
}

bool equalArgMax(const std::vector<double>& a, const std::vector<double>& b, const Shape& shape) {
  const std::int64_t row = shape.empty() ? 1 : shape.back();
  for (auto first = a.begin(), other = b.begin(); row > 0 && first != a.end();
       first += row, other += row) {
    const auto here = std::max_element(first, first + row) - first;
    if (here != std::max_element(other, other + row) - other) return false;
  }
  return true;
}

}  // namespace

Comparison compare(const Tensor& actual, const Tensor& reference, const Tolerance& tolerance) {
  if (actual.shape() != reference.shape()) {
    throw BadInput("cannot compare " + toString(actual.shape()) + " with a reference of " +
                   toString(reference.shape()) + "; the shapes must be equal");
  }
  const std::vector<double> a = toDoubles(actual), b = toDoubles(reference);
  const double scale = greatest(b);
  Comparison result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    result.maxAbsError = std::max(result.maxAbsError, distance(a[i], b[i]));
  }
  const double relative = scale > 0 ? result.maxAbsError / scale : kInfinity;
  result.maxRelError = result.maxAbsError == 0 ? 0 : relative;
  result.cosineSimilarity = cosine(a, b);
  result.argMaxEqual = equalArgMax(a, b, actual.shape());
  result.passed = result.maxAbsError <= tolerance.absolute + tolerance.relative * scale;
  return result;
}

Comparison compare(std::span<const Tensor> actual, std::span<const Tensor> reference,
                   const Tolerance& tolerance) {
  if (actual.size() != reference.size()) {
    throw BadInput("cannot compare " + std::to_string(actual.size()) + " outputs with " +
                   std::to_string(reference.size()) + "; the numbers must be equal");
  }
  Comparison worst;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const Comparison one = compare(actual[i], reference[i], tolerance);
    worst.maxAbsError = std::max(worst.maxAbsError, one.maxAbsError);
    worst.maxRelError = std::max(worst.maxRelError, one.maxRelError);
    worst.cosineSimilarity = std::min(worst.cosineSimilarity, one.cosineSimilarity);
    worst.argMaxEqual &= one.argMaxEqual;
    worst.passed &= one.passed;
  }
  return worst;
}

}  // namespace npusim
