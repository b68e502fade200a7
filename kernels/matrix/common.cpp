#include "kernels/matrix/common.h"

#include "kernels/lowering/operands.h"

namespace npusim::matrix {
namespace {

using lowering::Lowering;
using plan::Operand;
using plan::Task;

/// Sum over k of the integer weights of every column (group-major).
std::vector<std::int64_t> columnSums(const Weights& weights) {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(weights.groups * weights.n), 0);
  const std::byte* at = weights.packed->data();
  for (std::int64_t g = 0; g < weights.groups; ++g) {
    for (std::int64_t k = 0; k < weights.k; ++k) {
      for (std::int64_t n = 0; n < weights.n; ++n) {
        sums[static_cast<std::size_t>(g * weights.n + n)] += static_cast<std::int8_t>(*at++);
      }
    }
  }
  return sums;
}

/// The node's bias as stored numbers per output channel (again for every group that shares it),
/// zeros when it has none.
std::vector<double> biasValues(const Lowering& lowering, const Node& node, std::size_t channels) {
  std::vector<double> values(channels, 0);
  if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return values;
  const Value& bias = lowering.graph().value(node.inputs[2]);
  const Tensor tensor = bias.constant->materialize(bias.type, bias.shape);
  for (std::size_t i = 0; i < channels; ++i) {
    values[i] = tensor.at(static_cast<std::int64_t>(i) % tensor.size());
  }
  return values;
}

}  // namespace

Operand weightOperand(Lowering& lowering, const Task& task, const std::string& name, DataType type,
                      const Weights& weights) {
  const std::int64_t width = byteSize(type);
  Operand operand;
  operand.type = type;
  operand.block =
      lowering.addConstant(name, weights.groups * weights.k * weights.n * width, weights.packed);
  if (weights.encoding) lowering.encode(operand.block, *weights.encoding);
  const auto axis = [&](int dim, std::int64_t extent, std::int64_t stride) {
    if (extent == 1) return;
    operand.axes.push_back(lowering::axisOf(task.dims.size(), extent, stride, {{dim, 1}}));
  };
  const auto extent = [&](int dim) { return task.dims[static_cast<std::size_t>(dim)].extent; };
  const std::int64_t row = weights.n * width;
  axis(plan::G0, weights.groups, weights.k * row);
  axis(plan::K0, extent(plan::K0), extent(plan::K1) * extent(plan::K2) * row);
  axis(plan::K1, extent(plan::K1), extent(plan::K2) * row);
  axis(plan::K2, extent(plan::K2), row);
  axis(plan::N, weights.n, width);
  return operand;
}

void addBiasAndScale(Lowering& lowering, const Node& node, Task& task, plan::MatrixWork& work,
                     const Weights& weights, const std::vector<lowering::DimTerm>& channelMap) {
  const Graph& graph = lowering.graph();
  const Value& x = graph.value(node.inputs[0]);
  const bool quantized = x.quantization.has_value();
  const bool hasBias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
  const std::int64_t channels = weights.groups * weights.n;
  const auto count = static_cast<std::size_t>(channels);
  work.padding = quantized ? x.quantization->zeroPoint : 0;
  if (hasBias && !graph.isConstant(node.inputs[2])) {
    throw NotPossible("not supported: " + node.opName + " '" + node.name +
                      "' with a bias computed at run time");
  }
  if (hasBias || quantized) {
    const bool integers = quantized || hasZeroPoints(graph, node);
    const DataType type = integers ? sumTypeOf(x.type) : DataType::Float32;
    const std::int64_t bytes = channels * byteSize(type);
    const plan::BlockId block = lowering.addConstant(node.name + ".bias", bytes, [&] {
      const std::vector<double> bias = biasValues(lowering, node, count);
      if (!integers) return lowering::bytesOf(std::vector<float>(bias.begin(), bias.end()));
      if (type == DataType::Int64) {
        return lowering::bytesOf(std::vector<std::int64_t>(bias.begin(), bias.end()));
      }
      std::vector<std::int32_t> folded(count);
      std::vector<std::int64_t> sums(count, 0);
      if (work.padding != 0) sums = columnSums(weights);
      for (std::size_t i = 0; i < count; ++i) {
        folded[i] =
            static_cast<std::int32_t>(static_cast<std::int64_t>(bias[i]) - work.padding * sums[i]);
      }
      return lowering::bytesOf(folded);
    });
    work.bias = lowering::addOperand(
        task, lowering::channelOperand(task, block, type, channels, channelMap));
  }
  addScaleStep(lowering, node, task, work.steps, channels, channelMap);
}

void addZeroPoints(Lowering& lowering, const Node& node, Task& task, plan::MatrixWork& work,
                   const lowering::DimMap& aMap, const lowering::DimMap& bMap) {
  if (!hasZeroPoints(lowering.graph(), node)) return;
  const ChipConfig& chip = lowering.chip();
  if (!chip.supports(DataType::Int8)) {
    throw NotPossible(node.opName + " '" + node.name + "' multiplies 8-bit integers, and chip '" +
                      chip.name + "' does not compute int8");
  }
  const auto add = [&](std::size_t input, const lowering::DimMap& map) {
    if (input >= node.inputs.size() || node.inputs[input] == kNoValue) return -1;
    const plan::View zeros = lowering.view(node.inputs[input]);
    const std::size_t missing = map.size() - zeros.shape.size();
    for (std::size_t d = 0; d < zeros.shape.size(); ++d) {
      if (zeros.shape[d] == 1 || !map[missing + d].empty()) continue;
      throw NotPossible("not supported: " + node.opName + " '" + node.name +
                        "' with zero points that differ within one of its sums");
    }
    return lowering::addOperand(
        task, lowering.operand(zeros, {}, map, lowering::upTo(map.size()), plan::kMatrixDims));
  };
  work.zeroA = add(3, aMap);
  work.zeroB = add(4, bMap);
}

}  // namespace npusim::matrix
