#include <algorithm>
#include <numeric>

#include "kernels/lowering/operands.h"
#include "kernels/lowering/windows.h"
#include "kernels/matrix/common.h"
#include "kernels/matrix/matrix.h"
#include "sim/laws/array_law.h"

namespace npusim::matrix {
namespace {

using namespace plan;
using lowering::DimMap;
using lowering::Lowering;

/// A convolution's sizes with exactly two spatial dimensions (a 1-D one has height 1).
struct Sizes {
  lowering::Windows windows;
  std::int64_t images, channels, height, width;  ///< input
  std::int64_t outputs, outHeight, outWidth;
  std::int64_t groups;
  std::int64_t channelsPerGroup() const { return channels / groups; }
  std::int64_t outputsPerGroup() const { return outputs / groups; }
  std::int64_t taps() const { return windows.kernelH * windows.kernelW; }
  std::int64_t reduction() const { return channelsPerGroup() * taps(); }
};

Sizes sizesOf(const Graph& graph, const Node& node) {
  const Shape& x = graph.value(node.inputs[0]).shape;
  const Shape& y = graph.value(node.output).shape;
  const std::int64_t groups = std::get<Convolution>(node.operation).groups;
  return {lowering::windowsOf(graph, node),
          x[0],
          x[1],
          lowering::rowsOf(x),
          x.back(),
          y[1],
          lowering::rowsOf(y),
          y.back(),
          groups};
}

/// Weights [M, C/g, R, S] to [g / b][r][s][b x C/g][b x M/g], zero off the diagonal blocks.
std::vector<std::byte> packed(const Tensor& dense, const Sizes& s, std::int64_t together) {
  const std::int64_t c = s.channelsPerGroup();
  const std::int64_t m = s.outputsPerGroup();
  const std::int64_t k = s.reduction() * together, n = m * together;
  const std::int64_t width = byteSize(dense.type());
  std::vector<std::byte> bytes(static_cast<std::size_t>(s.groups / together * k * n * width));
  const std::byte* from = dense.bytes().data();
  for (std::int64_t out = 0; out < s.outputs; ++out) {
    const std::int64_t group = out / m;
    const std::int64_t column = group % together * m + out % m;
    for (std::int64_t ch = 0; ch < c; ++ch) {
      for (std::int64_t tap = 0; tap < s.taps(); ++tap) {
        const std::int64_t row = tap * c * together + group % together * c + ch;
        const std::int64_t to = (group / together * k + row) * n + column;
        std::copy_n(from, width, bytes.data() + to * width);
        from += width;
      }
    }
  }
  return bytes;
}

Operand inputOperand(const View& view, const Sizes& s, std::int64_t together) {
  const lowering::Windows& w = s.windows;
  Operand a = lowering::operandAt(view);
  const auto add = [&](std::int64_t extent, std::int64_t stride, std::int64_t offset,
                       const std::vector<lowering::DimTerm>& terms) {
    a.axes.push_back(lowering::axisOf(kMatrixDims, extent, stride, terms, offset));
  };
  add(s.images, view.strides[0], 0, {{M0, 1}});
  if (view.shape.size() == 4) {
    add(s.height, view.strides[2], -w.padTop, {{M1, w.strideH}, {K0, w.dilationH}});
  }
  add(s.width, view.strides.back(), -w.padLeft, {{M2, w.strideW}, {K1, w.dilationW}});
  add(s.channels, view.strides[1], 0, {{G0, s.channelsPerGroup() * together}, {K2, 1}});
  return a;
}

/// Weights [M, C/g, R, S] that are computed at run time, where they lie.
Operand runTimeWeights(const View& view, const Sizes& s) {
  Operand b = lowering::operandAt(view);
  const auto add = [&](std::int64_t extent, std::int64_t stride,
                       const std::vector<lowering::DimTerm>& terms) {
    b.axes.push_back(lowering::axisOf(kMatrixDims, extent, stride, terms));
  };
  add(s.outputs, view.strides[0], {{G0, s.outputsPerGroup()}, {N, 1}});
  add(s.channelsPerGroup(), view.strides[1], {{K2, 1}});
  if (view.shape.size() == 4) add(s.windows.kernelH, view.strides[2], {{K0, 1}});
  add(s.windows.kernelW, view.strides.back(), {{K1, 1}});
  return b;
}

/// Rows and columns from output to output (stride) and from tap to tap (dilation), without their
/// common factor; 1 where the window has one tap.
void setSpacing(const lowering::Windows& w, std::array<std::int64_t, 2>& strides,
                std::array<std::int64_t, 2>& dilations) {
  const std::int64_t unitH = w.kernelH > 1 ? std::gcd(w.strideH, w.dilationH) : w.strideH;
  const std::int64_t unitW = w.kernelW > 1 ? std::gcd(w.strideW, w.dilationW) : w.strideW;
  strides = {w.strideH / unitH, w.strideW / unitW};
  dilations = {w.kernelH > 1 ? w.dilationH / unitH : 1, w.kernelW > 1 ? w.dilationW / unitW : 1};
}

MatrixShape shapeOf(const Sizes& s, std::int64_t together) {
  MatrixShape shape;
  shape.extents = {s.images,
                   s.outHeight,
                   s.outWidth,
                   s.outputsPerGroup() * together,
                   s.windows.kernelH,
                   s.windows.kernelW,
                   s.channelsPerGroup() * together};
  setSpacing(s.windows, shape.strides, shape.dilations);
  return shape;
}

}  // namespace

std::int64_t arrayCycles(const ChipConfig& chip, DataType precision, const Graph& graph,
                         const Node& node, std::int64_t together) {
  const Sizes s = sizesOf(graph, node);
  const std::int64_t products = s.groups / together;
  const ArrayTiming timing = arrayTiming(chip, precision, shapeOf(s, together));
  return products * timing.stream + timing.prologue + timing.drain;
}

std::int64_t groupsTogether(const ChipConfig& chip, DataType precision, const Graph& graph,
                            const Node& node) {
  if (!graph.isConstant(node.inputs[1]) || hasZeroPoints(graph, node)) return 1;
  const std::int64_t groups = std::get<Convolution>(node.operation).groups;
  std::int64_t best = 1;
  std::int64_t bestCycles = arrayCycles(chip, precision, graph, node, 1);
  for (std::int64_t b = 2; b <= groups; ++b) {
    if (groups % b != 0 || b > chip.array.cols) continue;
    const std::int64_t cycles = arrayCycles(chip, precision, graph, node, b);
    if (cycles >= bestCycles) continue;
    best = b;
    bestCycles = cycles;
  }
  return best;
}

void lowerConvolution(Lowering& lowering, const Node& node, std::int64_t together) {
  const Graph& graph = lowering.graph();
  const Value& w = graph.value(node.inputs[1]);
  const Sizes s = sizesOf(graph, node);
  const std::int64_t perProduct = s.outputsPerGroup() * together;

  Task task;
  task.dims = {{s.groups / together},
               {1},
               {s.images},
               {s.outHeight},
               {s.outWidth},
               {perProduct},
               {s.windows.kernelH},
               {s.windows.kernelW},
               {s.channelsPerGroup() * together}};
  MatrixWork work;
  work.usefulDenominator = together;
  setSpacing(s.windows, work.strides, work.dilations);
  work.mapping = node.mapping;
  const View x = lowering.view(node.inputs[0]);
  task.operands.push_back(inputOperand(x, s, together));
  Weights weights{s.groups, s.reduction(), perProduct, nullptr};
  if (w.constant) {
    weights = {s.groups / together, s.reduction() * together, perProduct, nullptr};
    packWeights(lowering, w, weights,
                [&](const Tensor& tensor) { return packed(tensor, s, together); });
    task.operands.push_back(weightOperand(lowering, task, node.name + ".weights", w.type, weights));
  } else {
    task.operands.push_back(runTimeWeights(lowering.view(node.inputs[1]), s));
  }

  const std::vector<lowering::DimTerm> channel = {{G0, perProduct}, {N, 1}};
  DimMap map = {{{M0, 1}}, channel, {{M1, 1}}, {{M2, 1}}};
  std::vector<int> layout = {0, 2, 3, 1};
  if (graph.value(node.output).shape.size() == 3) {
    map.erase(map.begin() + 2);
    layout = {0, 2, 1};
  }
  addBiasAndScale(lowering, node, task, work, weights, channel);
  const std::size_t rank = map.size();
  DimMap sides[2] = {DimMap(rank), DimMap(rank)};
  sides[0].front() = {{M0, 1}};
  sides[1].front() = channel;
  addZeroPoints(lowering, node, task, work, sides[0], sides[1]);
  const View y = lowering.outputView(node);
  task.output = lowering.operand(y, lowering.scaling(node.output), map, layout, kMatrixDims);
  const std::vector<isa::VectorStep> steps = lowering.steps(node, task, map, layout);
  work.steps.insert(work.steps.end(), steps.begin(), steps.end());
  task.work = std::move(work);
  if (node.mapping) {
    lowering::simplify(task, {});
  } else {
    lowering::simplify(task, {{M1, M2}, {M0, M2}});
  }
  lowering.addTask(node, std::move(task), node.opName);
}

}  // namespace npusim::matrix
