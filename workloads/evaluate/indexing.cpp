#include "workloads/evaluate/indexing.h"

#include <algorithm>

#include "workloads/graph/graph.h"

namespace npusim {
namespace {

Window::Extents extents(const Shape& spatial, std::int64_t missing) {
  Window::Extents full{missing, missing, missing};
  ensure(spatial.size() <= full.size(), "evaluate: more than three spatial dimensions");
  std::copy(spatial.begin(), spatial.end(), full.end() - static_cast<int>(spatial.size()));
  return full;
}

}  // namespace

Shape broadcastStrides(const Shape& shape, const Shape& to) {
  ensure(shape.size() <= to.size(), "evaluate: operand of higher rank than the result");
  const std::size_t lead = to.size() - shape.size();
  const Shape own = rowMajorStrides(shape);
  Shape strides(to.size(), 0);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const bool stretched = shape[axis] == 1;
    ensure(stretched || shape[axis] == to[lead + axis],
           "evaluate: operand does not broadcast to the result");
    strides[lead + axis] = stretched ? 0 : own[axis];
  }
  return strides;
}

Window::Source Window::source(std::int64_t pixel, std::int64_t tap) const {
  Source source{0, true};
  std::int64_t stride = 1;
  for (std::size_t d = 3; d-- > 0; pixel /= output[d], tap /= kernel[d]) {
    const std::int64_t at =
        pixel % output[d] * strides[d] + tap % kernel[d] * dilations[d] - padsBegin[d];
    if (at >= input[d] + padsEnd[d]) source.padded = false;
    if (at < 0 || at >= input[d]) source.position = -1;
    if (source.position >= 0) source.position += at * stride;
    stride *= input[d];
  }
  return source;
}

template <typename Windowed>
Window makeWindow(const Windowed& op, const Shape& input, const Shape& kernel,
                  const Shape& output) {
  const std::size_t rank = input.size();
  ensure(kernel.size() == rank && op.strides.size() == rank && op.dilations.size() == rank &&
             op.padsBegin.size() == rank && op.padsEnd.size() == rank && output.size() == rank,
         "evaluate: window parameters of another rank than the input");
  return {extents(input, 1),        extents(kernel, 1),       extents(op.strides, 1),
          extents(op.dilations, 1), extents(op.padsBegin, 0), extents(op.padsEnd, 0),
          extents(output, 1)};
}

template Window makeWindow(const Convolution&, const Shape&, const Shape&, const Shape&);
template Window makeWindow(const Pool&, const Shape&, const Shape&, const Shape&);

}  // namespace npusim
