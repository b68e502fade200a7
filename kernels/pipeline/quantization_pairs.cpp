#include "kernels/pipeline/quantization_pairs.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace npusim {
namespace {

/// The number that a constant of one element holds.
std::optional<double> scalarOf(const Graph& graph, const Node& node, const ElementStep& step) {
  const Value& value = graph.value(node.inputs.at(static_cast<std::size_t>(step.operand)));
  if (!value.constant || elementCount(value.shape) != 1) return std::nullopt;
  return value.constant->materialize(value.type, value.shape).at(0);
}

/// How a QuantizeLinear (x / scale, rounded, + zero point) or DequantizeLinear ((q - zero point) *
/// scale) of codes of `type` says that codes stand for reals; empty for any other node.
std::optional<Quantization> readPair(const Graph& graph, const Node& node, DataType type,
                                     ElementOp scales, ElementOp shifts) {
  if (!std::holds_alternative<Elementwise>(node.operation)) return std::nullopt;
  if (type != DataType::Int8 && type != DataType::UInt8) return std::nullopt;
  std::optional<double> scale;
  double zero = 0;
  for (const ElementStep& step : node.steps) {
    if (step.op == ElementOp::Round) continue;
    if (step.reversed || (step.op != scales && step.op != shifts)) return std::nullopt;
    const std::optional<double> number = scalarOf(graph, node, step);
    if (!number) return std::nullopt;
    if (step.op == scales) {
      scale = number;
    } else {
      zero = *number;
    }
  }
  if (!scale) return std::nullopt;
  const double lower = type == DataType::UInt8 ? -std::numeric_limits<std::int8_t>::min() : 0;
  return Quantization{{static_cast<float>(*scale)}, static_cast<std::int32_t>(zero - lower), 0};
}

class Taker {
 public:
  Taker(Graph& graph, Calibration& calibration)
      : graph_(graph), calibration_(calibration), readers_(graph.consumers()) {}

  void run() {
    for (const Node& node : graph_.nodes) {
      if (node.inputs.empty() || node.inputs[0] == kNoValue) continue;
      const Value& from = graph_.value(node.inputs[0]);
      if (from.type != DataType::Float32 || !rounds(node)) continue;
      const DataType type = graph_.value(node.output).type;
      const auto pair = readPair(graph_, node, type, ElementOp::Div, ElementOp::Add);
      if (pair && readersRestore(node, *pair)) take(node, *pair);
    }
    graph_.removeDead();
  }

 private:
  static bool rounds(const Node& node) {
    return std::ranges::any_of(node.steps,
                               [](const ElementStep& step) { return step.op == ElementOp::Round; });
  }

  bool isOutput(ValueId id) const {
    return std::ranges::find(graph_.outputs, id) != graph_.outputs.end();
  }

  const Node& node(int index) const { return graph_.nodes[static_cast<std::size_t>(index)]; }
  const std::vector<int>& readersOf(ValueId id) const {
    return readers_[static_cast<std::size_t>(id)];
  }

  /// Is the result read by DequantizeLinears alone that undo what the node did?
  bool readersRestore(const Node& quantizes, const Quantization& pair) const {
    if (isOutput(quantizes.output) || isOutput(quantizes.inputs[0])) return false;
    const DataType type = graph_.value(quantizes.output).type;
    return std::ranges::all_of(readersOf(quantizes.output), [&](int index) {
      const Node& reader = node(index);
      if (reader.repeat != quantizes.repeat || reader.inputs[0] != quantizes.output ||
          graph_.value(reader.output).type != DataType::Float32) {
        return false;
      }
      const auto back = readPair(graph_, reader, type, ElementOp::Mul, ElementOp::Sub);
      return back && back->scales == pair.scales && back->zeroPoint == pair.zeroPoint;
    });
  }

  void take(const Node& quantizes, const Quantization& pair) {
    const ValueId real = quantizes.inputs[0];
    bool named = std::ranges::find(graph_.inputs, real) != graph_.inputs.end();
    for (const int index : readersOf(quantizes.output)) {
      const ValueId restored = node(index).output;
      if (isOutput(restored) && isOutput(real)) continue;
      replace(restored, real);
      if (!named) std::swap(graph_.value(real).name, graph_.value(restored).name);
      named = true;
    }
    calibration_.give(graph_.value(real).name, pair);
  }

  void replace(ValueId from, ValueId to) {
    for (const int index : readersOf(from)) {
      std::ranges::replace(graph_.nodes[static_cast<std::size_t>(index)].inputs, from, to);
    }
    std::ranges::replace(graph_.outputs, from, to);
  }

  Graph& graph_;
  Calibration& calibration_;
  std::vector<std::vector<int>> readers_;
};

}  // namespace

void takeQuantization(Graph& graph, Calibration& calibration) { Taker(graph, calibration).run(); }

}  // namespace npusim
