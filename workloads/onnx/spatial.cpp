#include <algorithm>
#include <functional>
#include <numeric>

#include "workloads/onnx/converters.h"

/// Windows over more than two spatial dimensions as windows over two: what the array and the vector
/// unit walk.
namespace npusim::onnx_import {
namespace {

constexpr std::size_t kMostSpatial = 2;

std::int64_t product(const Shape& shape, std::size_t first, std::size_t last) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(first),
                         shape.begin() + static_cast<std::ptrdiff_t>(last), std::int64_t{1},
                         std::multiplies<>());
}

/// Entries [first, last) of a spatial attribute.
Shape entries(const Shape& values, std::size_t first, std::size_t last) {
  return {values.begin() + static_cast<std::ptrdiff_t>(first),
          values.begin() + static_cast<std::ptrdiff_t>(last)};
}

/// The pool over spatial dimensions [first, last) alone.
Pool poolOver(const Pool& op, std::size_t first, std::size_t last) {
  const auto cut = [&](const Shape& values) { return entries(values, first, last); };
  return {op.kind,           cut(op.kernel),  cut(op.strides),       cut(op.dilations),
          cut(op.padsBegin), cut(op.padsEnd), cut(op.outputSpatial), op.countPadding};
}

/// The pool with one more dimension at the end, which it leaves alone.
Pool withLine(Pool op, std::int64_t extent) {
  for (Shape* each : {&op.kernel, &op.strides, &op.dilations}) each->push_back(1);
  op.padsBegin.push_back(0);
  op.padsEnd.push_back(0);
  op.outputSpatial.push_back(extent);
  return op;
}

/// The positions of the input that the window's taps read for each output: [outputs x taps], -1 in
/// the padding.
std::vector<std::int64_t> tapsRead(std::int64_t extent, std::int64_t outputs, std::int64_t taps,
                                   std::int64_t stride, std::int64_t dilation, std::int64_t pad) {
  requireIndexList(outputs * taps);
  std::vector<std::int64_t> source;
  for (std::int64_t o = 0; o < outputs; ++o) {
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      const std::int64_t at = o * stride + tap * dilation - pad;
      source.push_back(at < 0 || at >= extent ? -1 : at);
    }
  }
  return source;
}

}  // namespace

ValueId emitPool(NodeContext& c, const Pool& op, ValueId x) {
  const std::size_t rank = op.kernel.size();
  if (rank <= kMostSpatial) return c.emit(op, {x});
  // Maxima of maxima, and means of means: elements of the window count by the product of how many
  // of them lie along each dimension.
  const Shape shape = c.shape(x);
  const std::size_t outer = rank - kMostSpatial;
  const Pool inner = poolOver(op, outer, rank);
  const Shape planes = {shape[0], product(shape, 1, 2 + outer), shape[rank], shape[rank + 1]};
  const ValueId pooled = c.emit(inner, {reshapeTo(c, x, planes)});
  const std::int64_t line = elementCount(inner.outputSpatial);
  Shape rest = entries(shape, 0, 2 + outer);
  rest.push_back(line);
  const ValueId y = emitPool(c, withLine(poolOver(op, 0, outer), line), reshapeTo(c, pooled, rest));
  Shape result = entries(shape, 0, 2);
  result.insert(result.end(), op.outputSpatial.begin(), op.outputSpatial.end());
  return reshapeTo(c, y, result);
}

ValueId emitConvolution(NodeContext& c, const Convolution& op, ValueId x, ValueId w, ValueId bias) {
  const std::size_t rank = op.strides.size();
  if (rank <= kMostSpatial) return c.emit(op, {x, w, bias});
  // The first dimension's outputs become images, and its taps channels.
  const Shape in = c.shape(x), kernel = c.shape(w);
  const std::int64_t taps = kernel[2];
  const std::int64_t reach = op.dilations[0] * (taps - 1) + 1;
  const std::int64_t outputs =
      (in[2] + op.padsBegin[0] + op.padsEnd[0] - reach) / op.strides[0] + 1;
  if (outputs < 1) throw BadInput("the kernel is larger than the padded input " + toString(in));
  std::vector<std::vector<std::int64_t>> source(in.size());
  source[2] = tapsRead(in[2], outputs, taps, op.strides[0], op.dilations[0], op.padsBegin[0]);
  const Shape plane = entries(in, 3, in.size());
  const auto with = [](Shape head, const Shape& tail) {
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
  };
  const auto swapped = [](std::size_t size, std::size_t a, std::size_t b) {
    Transpose swap;
    swap.permutation = axesFrom(0, size);
    std::rotate(swap.permutation.begin() + static_cast<std::ptrdiff_t>(a),
                swap.permutation.begin() + static_cast<std::ptrdiff_t>(b),
                swap.permutation.begin() + static_cast<std::ptrdiff_t>(b) + 1);
    return swap;
  };
  const ValueId read =
      reshapeTo(c, remap(c, x, std::move(source)), with({in[0], in[1], outputs, taps}, plane));
  const ValueId images = reshapeTo(c, c.emit(swapped(plane.size() + 4, 1, 2), {read}),
                                   with({in[0] * outputs, in[1] * taps}, plane));
  const Convolution rest{entries(op.strides, 1, rank), entries(op.dilations, 1, rank),
                         entries(op.padsBegin, 1, rank), entries(op.padsEnd, 1, rank), op.groups};
  const ValueId y = emitConvolution(
      c, rest, images,
      reshapeTo(c, w, with({kernel[0], kernel[1] * taps}, entries(kernel, 3, kernel.size()))),
      bias);
  const Shape found = c.shape(y);
  const Shape split = with({in[0], outputs, kernel[0]}, entries(found, 2, found.size()));
  return c.emit(swapped(split.size(), 1, 2), {reshapeTo(c, y, split)});
}

}  // namespace npusim::onnx_import
