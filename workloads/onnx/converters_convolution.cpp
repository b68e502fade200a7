#include <algorithm>
#include <array>
#include <numeric>

#include "workloads/onnx/converters.h"
#include "workloads/onnx/window.h"

namespace npusim::onnx_import {
namespace {

void convertConv(NodeContext& c) {
  const ValueId x = c.input(0);
  const ValueId w = c.input(1);
  c.output(0, emitConvolution(c, readConvolution(c, x, w), x, w, c.optionalInput(2)));
}

/// How MaxPool's indices count the elements of a plane; `columnMajor`: down the columns first.
Shape planeStrides(const Shape& spatial, bool columnMajor) {
  if (!columnMajor) return rowMajorStrides(spatial);
  Shape strides(spatial.size(), 1);
  for (std::size_t d = 1; d < spatial.size(); ++d) strides[d] = strides[d - 1] * spatial[d - 1];
  return strides;
}

/// What a pool reads through one of its taps.
struct TapView {
  std::vector<std::vector<std::int64_t>> source;  ///< of a Remap: -1 in the padding
  Tensor ranks;  ///< [outputs...]: elements of a plane minus the index read; 0 in the padding
};

TapView viewThrough(const Pool& pool, const Shape& spatial, std::int64_t tap,
                    const Shape& strides) {
  TapView view{std::vector<std::vector<std::int64_t>>(2),
               blankConstant(DataType::Int64, pool.outputSpatial)};
  const Shape taps = rowMajorStrides(pool.kernel);
  for (std::size_t d = 0; d < spatial.size(); ++d) {
    const std::int64_t offset = tap / taps[d] % pool.kernel[d] * pool.dilations[d];
    std::vector<std::int64_t>& indices = view.source.emplace_back();
    for (std::int64_t o = 0; o < pool.outputSpatial[d]; ++o) {
      const std::int64_t at = o * pool.strides[d] + offset - pool.padsBegin[d];
      indices.push_back(at < 0 || at >= spatial[d] ? -1 : at);
    }
  }
  const Shape outputs = rowMajorStrides(pool.outputSpatial);
  const std::span<std::int64_t> ranks = view.ranks.as<std::int64_t>();
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    ranks[i] = elementCount(spatial);
    for (std::size_t d = 0; d < spatial.size() && ranks[i] != 0; ++d) {
      const std::int64_t o = static_cast<std::int64_t>(i) / outputs[d] % pool.outputSpatial[d];
      const std::int64_t at = view.source[d + 2][static_cast<std::size_t>(o)];
      ranks[i] = at < 0 ? 0 : ranks[i] - at * strides[d];
    }
  }
  return view;
}

/// Index in x of each maximum: of the elements that equal it, the one with the smallest index.
ValueId maximaIndices(NodeContext& c, const Pool& pool, ValueId x, ValueId maxima) {
  const Shape shape = c.shape(x);
  const Shape spatial(shape.begin() + 2, shape.end());
  const Shape strides = planeStrides(spatial, c.integer("storage_order", 0) != 0);
  requireParts(elementCount(pool.kernel), "comparisons");
  Shape compared = pool.outputSpatial;
  compared.push_back(elementCount(pool.kernel));
  requireComputed(compared);
  ValueId best = kNoValue;
  for (std::int64_t tap = 0; tap < elementCount(pool.kernel); ++tap) {
    TapView view = viewThrough(pool, spatial, tap, strides);
    const ValueId seen = remap(c, x, std::move(view.source));
    const ValueId equal = emitBinary(c, ElementOp::Equal, seen, maxima);
    const ValueId ranks = c.constant("ranks", std::move(view.ranks));
    const ValueId kept = emitKept(c, ElementOp::KeepIf, ranks, equal);
    best = best == kNoValue ? kept : emitBinary(c, ElementOp::Max, best, kept);
  }
  Shape planes(shape.size(), 1);
  std::copy_n(shape.begin(), 2, planes.begin());
  Tensor ends = blankConstant(DataType::Int64, planes);
  std::int64_t end = 0;
  for (std::int64_t& each : ends.as<std::int64_t>()) each = end += elementCount(spatial);
  return emitBinary(c, ElementOp::Sub, c.constant("ends", std::move(ends)), best);
}

/// MaxPool and AveragePool.
void convertPool(NodeContext& c) {
  const bool isMax = c.op() == "MaxPool";
  const ValueId x = c.input(0);
  const Shape spatial = spatialShape(c.shape(x));
  if (!c.hasAttribute("kernel_shape")) throw BadInput("attribute 'kernel_shape' is missing");
  const Window window = readWindow(c, spatial, c.integers("kernel_shape", Shape{}));
  const bool countPadding = !isMax && c.integer("count_include_pad", 0) != 0;
  const Shape outputs = pooledShape(window, spatial, c.integer("ceil_mode", 0) != 0);
  Pool op{isMax ? ReduceOp::Max : ReduceOp::Mean,
          window.kernel,
          window.strides,
          window.dilations,
          window.padsBegin,
          window.padsEnd,
          outputs,
          countPadding};
  const ValueId y = emitPool(c, op, x);
  c.output(0, y);
  if (isMax && c.hasOutput(1)) c.output(1, maximaIndices(c, op, x, y));
}

void convertGlobalPool(NodeContext& c) {
  const ValueId x = c.input(0);
  if (c.shape(x).size() < 3) {
    throw BadInput("input " + toString(c.shape(x)) + " has no spatial dimensions");
  }
  Reduce op{c.op() == "GlobalMaxPool" ? ReduceOp::Max : ReduceOp::Mean, {}, true};
  op.axes.resize(c.shape(x).size() - 2);
  std::iota(op.axes.begin(), op.axes.end(), 2);
  c.output(0, c.emit(std::move(op), {x}));
}

constexpr std::array kConverters = {
    Converter{"AveragePool", convertPool},
    Converter{"Conv", convertConv},
    Converter{"GlobalAveragePool", convertGlobalPool},
    Converter{"GlobalMaxPool", convertGlobalPool},
    Converter{"MaxPool", convertPool, "storage_order"},
};

}  // namespace

Convolution readConvolution(NodeContext& c, ValueId x, ValueId w) {
  const Shape spatial = spatialShape(c.shape(x));
  const Shape& weights = c.shape(w);
  if (weights.size() != c.shape(x).size()) {
    throw BadInput("weights " + toString(weights) + " do not have the rank of the input " +
                   toString(c.shape(x)));
  }
  const Shape kernel(weights.begin() + 2, weights.end());
  if (c.integers("kernel_shape", kernel) != kernel) {
    throw BadInput("kernel_shape " + toString(c.integers("kernel_shape", kernel)) +
                   " differs from the weights " + toString(weights));
  }
  const Window window = readWindow(c, spatial, kernel);
  return {window.strides, window.dilations, window.padsBegin, window.padsEnd,
          c.integer("group", 1)};
}

std::span<const Converter> convolutionConverters() { return kConverters; }

}  // namespace npusim::onnx_import
