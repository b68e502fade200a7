#include <algorithm>
#include <cmath>
#include <type_traits>

#include "workloads/evaluate/indexing.h"
#include "workloads/evaluate/operations.h"

namespace npusim {
namespace {

template <typename T>
T mean(T sum, std::int64_t count) {
  if (count == 0) return T{0};
  if constexpr (std::is_floating_point_v<T>) {
    return sum * (T{1} / static_cast<T>(count));
  } else {
    return sum / static_cast<T>(count);
  }
}

template <typename T>
T combine(ReduceOp kind, T sum, T x) {
  switch (kind) {
    case ReduceOp::Sum:
    case ReduceOp::Mean:
      return sum + x;
    case ReduceOp::Max:
      return std::max(sum, x);
    case ReduceOp::Min:
      return std::min(sum, x);
  }
  throw InternalError("evaluate: unknown reduction");
}

/// One reduction in progress: Max and Min start from their first element, sums from 0.
template <typename T>
struct Reduction {
  T value{0};
  std::int64_t seen = 0;

  void take(ReduceOp kind, T x) {
    const bool first = seen++ == 0 && (kind == ReduceOp::Max || kind == ReduceOp::Min);
    value = first ? x : combine(kind, value, x);
  }
};

template <typename T>
T poolWindow(const Pool& op, const Window& window, std::int64_t pixel, const T* x) {
  Reduction<T> reduction;
  std::int64_t divisor = 0;
  for (std::int64_t tap = 0; tap < window.taps(); ++tap) {
    const Window::Source source = window.source(pixel, tap);
    const bool inside = source.position >= 0;
    if (inside) reduction.take(op.kind, x[source.position]);
    divisor += inside || (op.countPadding && source.padded);
  }
  return op.kind == ReduceOp::Mean ? mean(reduction.value, divisor) : reduction.value;
}

/// The dimension before, of and after `axis`: the tensor as [outer][length][inner].
struct Lines {
  std::int64_t outer = 1, length = 1, inner = 1;

  Lines(const Shape& shape, int axis) {
    const auto at = static_cast<std::size_t>(axis);
    ensure(axis >= 0 && at < shape.size(), "evaluate: axis outside the shape");
    for (std::size_t d = 0; d < at; ++d) outer *= shape[d];
    length = shape[at];
    for (std::size_t d = at + 1; d < shape.size(); ++d) inner *= shape[d];
  }
};

void softmaxLine(const float* x, std::int64_t length, std::int64_t stride, float* y) {
  if (length == 0) return;
  float most = x[0];
  for (std::int64_t i = 1; i < length; ++i) most = std::max(most, x[i * stride]);
  float sum = 0;
  for (std::int64_t i = 0; i < length; ++i) {
    y[i * stride] = std::exp(x[i * stride] - most);
    sum += y[i * stride];
  }
  for (std::int64_t i = 0; i < length; ++i) y[i * stride] /= sum;
}

}  // namespace

template <typename T>
Array<T> pool(const Pool& op, const Array<T>& x) {
  ensure(x.rank() >= 3, "evaluate: pool input has no spatial dimensions");
  ensure(op.kind == ReduceOp::Max || op.kind == ReduceOp::Mean, "evaluate: pools are Max or Mean");
  const Window window =
      makeWindow(op, {x.shape().begin() + 2, x.shape().end()}, op.kernel, op.outputSpatial);
  Shape shape{x.dim(0), x.dim(1)};
  shape.insert(shape.end(), op.outputSpatial.begin(), op.outputSpatial.end());
  Array<T> y(shape);
  T* out = y.own();
  for (std::int64_t plane = 0; plane < x.dim(0) * x.dim(1); ++plane) {
    for (std::int64_t pixel = 0; pixel < window.pixels(); ++pixel) {
      *out++ = poolWindow(op, window, pixel, x.data() + plane * window.positions());
    }
  }
  return y;
}

template <typename T>
Array<T> reduce(const Reduce& op, const Array<T>& x) {
  Shape kept = x.shape();
  for (const int axis : op.axes) kept.at(static_cast<std::size_t>(axis)) = 1;
  Array<T> y(kept);
  std::vector<Reduction<T>> reductions(static_cast<std::size_t>(y.size()));
  const T* next = x.data();
  auto take = [&](std::int64_t to) {
    reductions[static_cast<std::size_t>(to)].take(op.kind, *next++);
  };
  forEachOffset(x.shape(), broadcastStrides(kept, x.shape()), take);
  T* out = y.own();
  for (const Reduction<T>& reduction : reductions) {
    *out++ = op.kind == ReduceOp::Mean ? mean(reduction.value, reduction.seen) : reduction.value;
  }
  if (op.keepDims) return y;
  Shape dropped;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const bool reduced = std::find(op.axes.begin(), op.axes.end(), axis) != op.axes.end();
    if (!reduced) dropped.push_back(x.dim(static_cast<std::size_t>(axis)));
  }
  return std::move(y).reshaped(dropped);
}

Array<float> softmax(const Softmax& op, const Array<float>& x) {
  Array<float> y(x.shape());
  const Lines lines(x.shape(), op.axis);
  for (std::int64_t outer = 0; outer < lines.outer; ++outer) {
    for (std::int64_t inner = 0; inner < lines.inner; ++inner) {
      const std::int64_t first = outer * lines.length * lines.inner + inner;
      softmaxLine(x.data() + first, lines.length, lines.inner, y.own() + first);
    }
  }
  return y;
}

Array<float> normalize(const LocalResponseNorm& op, const Array<float>& x) {
  Array<float> y(x.shape());
  const Lines lines(x.shape(), 1);
  const float weight = op.alpha / static_cast<float>(op.size);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t channel = i / lines.inner % lines.length;
    const std::int64_t first = std::max<std::int64_t>(0, channel - (op.size - 1) / 2);
    const std::int64_t last = std::min(lines.length - 1, channel + op.size / 2);
    float squares = 0;
    for (std::int64_t c = first; c <= last; ++c) {
      const float neighbour = x.data()[i + (c - channel) * lines.inner];
      squares += neighbour * neighbour;
    }
    y.own()[i] = x.data()[i] / std::pow(op.bias + weight * squares, op.beta);
  }
  return y;
}

Array<float> normalizeLayer(const LayerNorm& op, const Array<float>& x) {
  Array<float> y(x.shape());
  const Lines lines(x.shape(), op.axis);
  const std::int64_t length = lines.length * lines.inner;
  for (std::int64_t outer = 0; outer < lines.outer; ++outer) {
    const float* from = x.data() + outer * length;
    float* to = y.own() + outer * length;
    float sum = 0, squares = 0;
    for (std::int64_t i = 0; op.centered && i < length; ++i) sum += from[i];
    const float middle = mean(sum, length);
    for (std::int64_t i = 0; i < length; ++i) {
      to[i] = from[i] - middle;
      squares += to[i] * to[i];
    }
    const float deviation = std::sqrt(mean(squares, length) + op.epsilon);
    for (std::int64_t i = 0; i < length; ++i) to[i] /= deviation;
  }
  return y;
}

template Array<float> pool(const Pool&, const Array<float>&);
template Array<float> reduce(const Reduce&, const Array<float>&);
template Array<double> pool(const Pool&, const Array<double>&);
template Array<double> reduce(const Reduce&, const Array<double>&);
template Array<std::int64_t> pool(const Pool&, const Array<std::int64_t>&);
template Array<std::int64_t> reduce(const Reduce&, const Array<std::int64_t>&);
template Array<std::uint64_t> pool(const Pool&, const Array<std::uint64_t>&);
template Array<std::uint64_t> reduce(const Reduce&, const Array<std::uint64_t>&);

}  // namespace npusim
