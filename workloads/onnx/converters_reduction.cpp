#include <array>
#include <numeric>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

/// ReduceSum takes its axes as an input since opset 13; the others do so only after opset 17.
void convertReduce(NodeContext& c, ReduceOp kind) {
  const ValueId x = c.input(0);
  const std::size_t rank = c.shape(x).size();
  const bool asInput = kind == ReduceOp::Sum && c.opset() >= 13;
  std::vector<std::int64_t> axes;
  if (!asInput) axes = c.integers("axes", axes);
  if (asInput && c.hasInput(1)) axes = c.integers(1, "axes");
  const bool keepDims = c.integer("keepdims", 1) != 0;
  const bool noop = asInput && c.integer("noop_with_empty_axes", 0) != 0;
  Reduce op{kind, normalizeAxes(axes, rank), keepDims};
  if (axes.empty()) {
    if (noop || rank == 0) return c.output(0, x);
    op.axes.resize(rank);
    std::iota(op.axes.begin(), op.axes.end(), 0);
  }
  c.output(0, c.emit(std::move(op), {x}));
}

template <ReduceOp kind>
void convertKind(NodeContext& c) {
  convertReduce(c, kind);
}

constexpr std::array kConverters = {
    Converter{"ReduceMax", convertKind<ReduceOp::Max>},
    Converter{"ReduceMean", convertKind<ReduceOp::Mean>},
    Converter{"ReduceMin", convertKind<ReduceOp::Min>},
    Converter{"ReduceSum", convertKind<ReduceOp::Sum>},
};

}  // namespace

std::span<const Converter> reductionConverters() { return kConverters; }

}  // namespace npusim::onnx_import
