#include <array>
#include <numeric>

#include "workloads/onnx/converters.h"
#include "workloads/onnx/window.h"

namespace npusim::onnx_import {
namespace {

void convertConv(NodeContext& c) {
  const ValueId x = c.input(0);
  const ValueId w = c.input(1);
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
  Convolution op{window.strides, window.dilations, window.padsBegin, window.padsEnd,
                 c.integer("group", 1)};
  c.output(0, c.emit(std::move(op), {x, w, c.optionalInput(2)}));
}

/// MaxPool and AveragePool. MaxPool's second output (indices) is not declared, so it is refused.
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
  c.output(0, c.emit(std::move(op), {x}));
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

std::span<const Converter> convolutionConverters() { return kConverters; }

}  // namespace npusim::onnx_import
