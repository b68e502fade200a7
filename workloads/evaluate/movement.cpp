#include <algorithm>
#include <string>

#include "workloads/evaluate/indexing.h"
#include "workloads/evaluate/operations.h"

namespace npusim {
namespace {

template <typename T>
class Remapping {
 public:
  Remapping(const Remap& op, const Array<T>& x)
      : op_(op), x_(x), strides_(rowMajorStrides(x.shape())) {}

  Shape outputShape() const {
    Shape shape = x_.shape();
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const auto length = static_cast<std::int64_t>(op_.source[axis].size());
      if (length > 0) shape[axis] = length;
    }
    return shape;
  }

  /// Writes the outputs of all indices along `axis` and after it.
  void run(std::size_t axis, std::int64_t offset, bool inside, T*& out) const {
    if (axis == op_.source.size()) {
      *out++ = inside ? x_.data()[offset] : static_cast<T>(op_.fill);
      return;
    }
    const std::vector<std::int64_t>& source = op_.source[axis];
    const std::int64_t length =
        source.empty() ? x_.dim(axis) : static_cast<std::int64_t>(source.size());
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int64_t from = source.empty() ? i : source[static_cast<std::size_t>(i)];
      ensure(from >= -1 && from < x_.dim(axis), "evaluate: remap index outside the input");
      run(axis + 1, offset + from * strides_[axis], inside && from >= 0, out);
    }
  }

 private:
  const Remap& op_;
  const Array<T>& x_;
  Shape strides_;
};

/// Product of the dimensions [first, last).
std::int64_t extent(const Shape& shape, std::size_t first, std::size_t last) {
  std::int64_t product = 1;
  for (std::size_t axis = first; axis < last; ++axis) product *= shape[axis];
  return product;
}

}  // namespace

template <typename T>
Array<T> remap(const Remap& op, const Array<T>& x) {
  ensure(op.source.size() == x.shape().size(), "evaluate: remap of another rank than the input");
  const Remapping<T> remapping(op, x);
  Array<T> y(remapping.outputShape());
  T* out = y.own();
  remapping.run(0, 0, true, out);
  return y;
}

template <typename T>
Array<T> transpose(const Transpose& op, const Array<T>& x) {
  ensure(op.permutation.size() == x.shape().size(), "evaluate: transpose of another rank");
  const Shape from = rowMajorStrides(x.shape());
  Shape shape, strides;
  for (const int axis : op.permutation) {
    shape.push_back(x.dim(static_cast<std::size_t>(axis)));
    strides.push_back(from.at(static_cast<std::size_t>(axis)));
  }
  Array<T> y(shape);
  ensure(y.size() == x.size(), "evaluate: transpose names an axis twice");
  T* out = y.own();
  auto copy = [&](std::int64_t offset) { *out++ = x.data()[offset]; };
  forEachOffset(shape, strides, copy);
  return y;
}

template <typename T>
Array<T> concat(const Concat& op, const std::vector<Array<T>>& parts) {
  ensure(!parts.empty(), "evaluate: concat of nothing");
  const auto axis = static_cast<std::size_t>(op.axis);
  Shape shape = parts.front().shape();
  shape.at(axis) = 0;
  for (const Array<T>& part : parts) {
    ensure(part.shape().size() == shape.size(), "evaluate: concat of different ranks");
    shape[axis] += part.dim(axis);
  }
  Array<T> y(shape);
  T* out = y.own();
  for (std::int64_t outer = 0; outer < extent(shape, 0, axis); ++outer) {
    for (const Array<T>& part : parts) {
      const std::int64_t run = extent(part.shape(), axis, shape.size());
      ensure(run / std::max<std::int64_t>(1, part.dim(axis)) ==
                     extent(shape, axis + 1, shape.size()) ||
                 part.dim(axis) == 0,
             "evaluate: concat of parts that do not fit");
      out = std::copy_n(part.data() + outer * run, run, out);
    }
  }
  return y;
}

template <typename T>
Array<T> gather(const Gather& op, const Array<T>& data, const Array<std::int64_t>& indices) {
  const auto axis = static_cast<std::size_t>(op.axis);
  const std::int64_t length = data.dim(axis);
  const std::int64_t run = extent(data.shape(), axis + 1, data.shape().size());
  Shape shape(data.shape().begin(), data.shape().begin() + op.axis);
  shape.insert(shape.end(), indices.shape().begin(), indices.shape().end());
  shape.insert(shape.end(), data.shape().begin() + op.axis + 1, data.shape().end());
  Array<T> y(shape);
  T* out = y.own();
  for (std::int64_t outer = 0; outer < extent(data.shape(), 0, axis); ++outer) {
    for (const std::int64_t index : indices.values()) {
      if (index < -length || index >= length) {
        throw BadInput("Gather index " + std::to_string(index) + " is outside the axis of length " +
                       std::to_string(length));
      }
      const std::int64_t at = index < 0 ? index + length : index;
      out = std::copy_n(data.data() + (outer * length + at) * run, run, out);
    }
  }
  return y;
}

template Array<float> remap(const Remap&, const Array<float>&);
template Array<float> transpose(const Transpose&, const Array<float>&);
template Array<float> concat(const Concat&, const std::vector<Array<float>>&);
template Array<float> gather(const Gather&, const Array<float>&, const Array<std::int64_t>&);
template Array<double> remap(const Remap&, const Array<double>&);
template Array<double> transpose(const Transpose&, const Array<double>&);
template Array<double> concat(const Concat&, const std::vector<Array<double>>&);
template Array<double> gather(const Gather&, const Array<double>&, const Array<std::int64_t>&);
template Array<std::int64_t> remap(const Remap&, const Array<std::int64_t>&);
template Array<std::int64_t> transpose(const Transpose&, const Array<std::int64_t>&);
template Array<std::int64_t> concat(const Concat&, const std::vector<Array<std::int64_t>>&);
template Array<std::int64_t> gather(const Gather&, const Array<std::int64_t>&,
                                    const Array<std::int64_t>&);
template Array<std::uint64_t> remap(const Remap&, const Array<std::uint64_t>&);
template Array<std::uint64_t> transpose(const Transpose&, const Array<std::uint64_t>&);
template Array<std::uint64_t> concat(const Concat&, const std::vector<Array<std::uint64_t>>&);
template Array<std::uint64_t> gather(const Gather&, const Array<std::uint64_t>&,
                                     const Array<std::int64_t>&);

}  // namespace npusim
