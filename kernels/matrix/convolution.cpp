#include <algorithm>

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
  std::int64_t images, channels, height, width;  ///< input
  std::int64_t outputs, outHeight, outWidth;
  std::int64_t groups, kernelH, kernelW;
  std::int64_t strideH, strideW, dilationH, dilationW, padTop, padLeft;
  std::int64_t channelsPerGroup() const { return channels / groups; }
  std::int64_t outputsPerGroup() const { return outputs / groups; }
  std::int64_t reduction() const { return channelsPerGroup() * kernelH * kernelW; }
};

/// The last two entries of a spatial attribute, `missing` standing in for an absent height.
std::pair<std::int64_t, std::int64_t> lastTwo(const Shape& values, std::int64_t missing) {
  if (values.size() == 1) return {missing, values[0]};
  return {values[values.size() - 2], values.back()};
}

Sizes sizesOf(const Graph& graph, const Node& node) {
  const auto& conv = std::get<Convolution>(node.operation);
  const Shape& x = graph.value(node.inputs[0]).shape;
  const Shape& w = graph.value(node.inputs[1]).shape;
  const Shape& y = graph.value(node.output).shape;
  if (x.size() > 4) {
    throw NotPossible("not supported: " + node.opName + " '" + node.name + "' with " +
                      std::to_string(x.size() - 2) + " spatial dimensions (1 and 2 are)");
  }
  Sizes s{};
  s.images = x[0];
  s.channels = x[1];
  s.outputs = y[1];
  s.groups = conv.groups;
  std::tie(s.height, s.width) = lastTwo({x.begin() + 2, x.end()}, 1);
  std::tie(s.outHeight, s.outWidth) = lastTwo({y.begin() + 2, y.end()}, 1);
  std::tie(s.kernelH, s.kernelW) = lastTwo({w.begin() + 2, w.end()}, 1);
  std::tie(s.strideH, s.strideW) = lastTwo(conv.strides, 1);
  std::tie(s.dilationH, s.dilationW) = lastTwo(conv.dilations, 1);
  std::tie(s.padTop, s.padLeft) = lastTwo(conv.padsBegin, 0);
  return s;
}

/// Weights [M, C/g, R, S] to [g / b][r][s][b x C/g][b x M/g], zero off the diagonal blocks.
Weights pack(const Lowering& lowering, const Value& w, const Sizes& s, std::int64_t together) {
  const std::int64_t c = s.channelsPerGroup();
  const std::int64_t m = s.outputsPerGroup();
  Weights result{s.groups / together, s.reduction() * together, m * together, nullptr};
  if (!lowering.withValues()) return result;
  const Tensor dense = w.constant->materialize(w.type, w.shape);
  const std::int64_t width = byteSize(w.type);
  auto bytes = std::make_shared<std::vector<std::byte>>(
      static_cast<std::size_t>(result.groups * result.k * result.n * width));
  const std::byte* from = dense.bytes().data();
  for (std::int64_t out = 0; out < s.outputs; ++out) {
    const std::int64_t group = out / m;
    const std::int64_t column = group % together * m + out % m;
    for (std::int64_t ch = 0; ch < c; ++ch) {
      for (std::int64_t tap = 0; tap < s.kernelH * s.kernelW; ++tap) {
        const std::int64_t row = tap * c * together + group % together * c + ch;
        const std::int64_t to = (group / together * result.k + row) * result.n + column;
        std::copy_n(from, width, bytes->data() + to * width);
        from += width;
      }
    }
  }
  result.packed = std::move(bytes);
  return result;
}

Axis axis(std::int64_t extent, std::int64_t stride, std::int64_t offset,
          std::initializer_list<lowering::DimTerm> terms) {
  Axis made{extent, stride, std::vector<std::int64_t>(kMatrixDims, 0), offset, 0, 0};
  for (const lowering::DimTerm& term : terms) {
    made.coefficients[static_cast<std::size_t>(term.dim)] = term.coefficient;
  }
  return made;
}

Operand inputOperand(const View& view, const Sizes& s, std::int64_t together) {
  const bool planar = view.shape.size() == 4;
  const std::int64_t rowStride = planar ? view.strides[2] : 0;
  Operand a{view.block, view.offset, view.type, {}, {}};
  a.axes.push_back(axis(s.images, view.strides[0], 0, {{M0, 1}}));
  if (planar) {
    a.axes.push_back(axis(s.height, rowStride, -s.padTop, {{M1, s.strideH}, {K0, s.dilationH}}));
  }
  a.axes.push_back(
      axis(s.width, view.strides.back(), -s.padLeft, {{M2, s.strideW}, {K1, s.dilationW}}));
  a.axes.push_back(
      axis(s.channels, view.strides[1], 0, {{G0, s.channelsPerGroup() * together}, {K2, 1}}));
  return a;
}

MatrixShape shapeOf(const Sizes& s, std::int64_t together) {
  return {s.images * s.outHeight * s.outWidth, s.outputsPerGroup() * together,
          s.reduction() * together};
}

}  // namespace

std::int64_t arrayCycles(const ChipConfig& chip, DataType precision, const Graph& graph,
                         const Node& node, std::int64_t together) {
  const Sizes s = sizesOf(graph, node);
  const std::int64_t products = s.groups / together;
  const ArrayTiming timing = arrayTiming(chip.array, precision, shapeOf(s, together));
  return products * timing.stream + timing.prologue + timing.drain;
}

std::int64_t groupsTogether(const ChipConfig& chip, DataType precision, const Graph& graph,
                            const Node& node) {
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

void lowerConvolution(Lowering& lowering, const Node& node) {
  const Graph& graph = lowering.graph();
  const Value& w = graph.value(node.inputs[1]);
  if (!w.constant) {
    throw NotPossible("not supported: " + node.opName + " '" + node.name +
                      "' with weights computed at run time");
  }
  const Sizes s = sizesOf(graph, node);
  const DataType precision = graph.value(node.inputs[0]).type;
  const std::int64_t together =
      groupsTogether(lowering.chip(), isFloat(precision) ? precision : DataType::Int8, graph, node);
  const std::int64_t perProduct = s.outputsPerGroup() * together;

  Task task;
  task.dims = {{s.groups / together}, {1},          {s.images},
               {s.outHeight},         {s.outWidth}, {perProduct},
               {s.kernelH},           {s.kernelW},  {s.channelsPerGroup() * together}};
  MatrixWork work;
  work.usefulDenominator = together;
  const View x = lowering.view(node.inputs[0]);
  task.operands.push_back(inputOperand(x, s, together));
  const Weights weights = pack(lowering, w, s, together);
  task.operands.push_back(weightOperand(lowering, task, node.name + ".weights", w.type, weights));

  const std::vector<lowering::DimTerm> channel = {{G0, perProduct}, {N, 1}};
  DimMap map = {{{M0, 1}}, channel, {{M1, 1}}, {{M2, 1}}};
  std::vector<int> layout = {0, 2, 3, 1};
  if (graph.value(node.output).shape.size() == 3) {
    map.erase(map.begin() + 2);
    layout = {0, 2, 1};
  }
  addBiasAndScale(lowering, node, task, work, weights, channel);
  const View y = lowering.outputView(node);
  task.output = lowering.operand(y, lowering.scaling(node.output), map, layout, kMatrixDims);
  const std::vector<isa::VectorStep> steps = lowering.steps(node, task, map, layout);
  work.steps.insert(work.steps.end(), steps.begin(), steps.end());
  task.work = std::move(work);
  lowering::simplify(task, {{M1, M2}, {M0, M2}});
  lowering.addTask(node, std::move(task), node.opName);
}

}  // namespace npusim::matrix
