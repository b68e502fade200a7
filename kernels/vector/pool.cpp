#include <algorithm>

#include "kernels/lowering/operands.h"
#include "kernels/vector/one_pass.h"
#include "kernels/vector/vector.h"
#include "kernels/vector/window_task.h"

namespace npusim::vector {
namespace {

using lowering::Lowering;
using lowering::Windows;

/// Window positions that count along one dimension, for each output position.
std::vector<std::int64_t> counts(std::int64_t outputs, std::int64_t kernel, std::int64_t stride,
                                 std::int64_t dilation, std::int64_t pad, std::int64_t low,
                                 std::int64_t high) {
  std::vector<std::int64_t> result;
  for (std::int64_t o = 0; o < outputs; ++o) {
    std::int64_t count = 0;
    for (std::int64_t k = 0; k < kernel; ++k) {
      const std::int64_t at = o * stride - pad + k * dilation;
      if (at >= low && at < high) ++count;
    }
    result.push_back(count);
  }
  return result;
}

/// 1 / (number of values in the window) for every output pixel.
std::vector<float> reciprocals(const Shape& in, const Shape& out, const Windows& w,
                               bool countPadding) {
  const auto range = [&](std::int64_t extent, std::int64_t before, std::int64_t after) {
    return countPadding ? std::pair{-before, extent + after} : std::pair{std::int64_t{0}, extent};
  };
  const auto [top, bottom] = range(lowering::rowsOf(in), w.padTop, w.padBottom);
  const auto [left, right] = range(in.back(), w.padLeft, w.padRight);
  const auto vertical =
      counts(lowering::rowsOf(out), w.kernelH, w.strideH, w.dilationH, w.padTop, top, bottom);
  const auto across = counts(out.back(), w.kernelW, w.strideW, w.dilationW, w.padLeft, left, right);
  std::vector<float> result;
  for (const std::int64_t v : vertical) {
    for (const std::int64_t a : across) {
      result.push_back(1.0F / static_cast<float>(std::max<std::int64_t>(1, v * a)));
    }
  }
  return result;
}

/// The step that turns a window's sum into its mean: one factor, or one a pixel at the borders.
isa::VectorStep meanStep(Lowering& lowering, const Node& node, plan::Task& task,
                         const std::vector<float>& factors) {
  const bool uniform =
      std::all_of(factors.begin(), factors.end(), [&](float f) { return f == factors.front(); });
  if (uniform) return {ElementOp::Mul, -1, factors.front(), 0, false};
  plan::Operand table;
  const auto bytes = static_cast<std::int64_t>(factors.size() * sizeof(float));
  table.block = lowering.addConstant(node.name + ".divisors", bytes,
                                     [&] { return lowering::bytesOf(factors); });
  std::int64_t stride = sizeof(float);
  for (const std::size_t dim : {std::size_t{Column}, std::size_t{Row}}) {
    const std::int64_t extent = task.dims[dim].extent;
    table.axes.insert(table.axes.begin(),
                      lowering::axisOf(kWindowDims, extent, stride, {{static_cast<int>(dim), 1}}));
    stride *= extent;
  }
  return {ElementOp::Mul, lowering::addOperand(task, std::move(table)), 0, 0, false};
}

}  // namespace

void lowerPool(Lowering& lowering, const Node& node) {
  const auto& pool = std::get<Pool>(node.operation);
  const Windows windows = lowering::windowsOf(lowering.graph(), node);
  const plan::View x = lowering.view(node.inputs.front());
  const plan::View y = lowering.outputView(node);
  const lowering::DimMap map = windowMap(y.shape.size(), 1);
  const std::vector<int> layout = windowLayout(y.shape.size());
  plan::Task task;
  task.dims = windowDims(y.shape, windows, 1);
  task.operands.push_back(windowOperand(x, lowering.scaling(node.inputs.front()), windows));
  task.output = lowering.operand(y, lowering.scaling(node.output), map, layout, kWindowDims);
  plan::Pass pass;
  pass.dims = {Image, Row, Column, Channel, WindowRow, WindowColumn};
  pass.reduceDims = 2;
  pass.reduce = pool.kind == ReduceOp::Mean ? ReduceOp::Sum : pool.kind;
  if (pool.kind == ReduceOp::Mean) {
    pass.post.push_back(
        meanStep(lowering, node, task, reciprocals(x.shape, y.shape, windows, pool.countPadding)));
  }
  addOnePass(lowering, node, std::move(task), std::move(pass), map, layout);
}

}  // namespace npusim::vector
