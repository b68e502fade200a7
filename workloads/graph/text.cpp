#include <fmt/format.h>
#include <fmt/ranges.h>

#include <type_traits>

#include "workloads/graph/graph.h"

namespace npusim {
namespace {

constexpr std::int64_t kShownElements = 8;  ///< longest constant printed with its values
constexpr int kShownRuns = 6;               ///< longest index list printed in full, in runs

/// "0:4,-1,3:0:-1": runs of equal step as begin:end:step, like Python slices.
std::string indexList(const std::vector<std::int64_t>& indices) {
  if (indices.empty()) return "all";
  std::string text;
  int runs = 0;
  for (std::size_t i = 0; i < indices.size();) {
    if (++runs > kShownRuns) return fmt::format("{},...({})", text, indices.size());
    const std::int64_t step = i + 1 < indices.size() ? indices[i + 1] - indices[i] : 0;
    std::size_t end = i + 1;
    while (end < indices.size() && indices[end] - indices[end - 1] == step) ++end;
    if (end - i < 3) end = i + 1;
    if (!text.empty()) text += ",";
    if (end == i + 1) {
      text += fmt::format("{}", indices[i]);
    } else if (step == 0) {
      text += fmt::format("{}*{}", indices[i], end - i);
    } else {
      text += fmt::format("{}:{}", indices[i], indices[end - 1] + step);
      if (step != 1) text += fmt::format(":{}", step);
    }
    i = end;
  }
  return text;
}

template <typename Windowed>
std::string window(const Windowed& op) {
  return fmt::format("strides={} dilations={} pads={}:{}", toString(op.strides),
                     toString(op.dilations), toString(op.padsBegin), toString(op.padsEnd));
}

std::string attributes(const Convolution& op) {
  return fmt::format("{} groups={}", window(op), op.groups);
}
std::string attributes(const MatMul& op) { return op.transposeB ? "transposeB" : ""; }
std::string attributes(const Elementwise&) { return ""; }
std::string attributes(const Pool& op) {
  return fmt::format("{} kernel={} {}{}", name(op.kind), toString(op.kernel), window(op),
                     op.countPadding ? " countPadding" : "");
}
std::string attributes(const Reduce& op) {
  return fmt::format("{} axes={}{}", name(op.kind), fmt::join(op.axes, ","),
                     op.keepDims ? " keepDims" : "");
}
std::string attributes(const Softmax& op) { return fmt::format("axis={}", op.axis); }
std::string attributes(const LocalResponseNorm& op) {
  return fmt::format("size={} alpha={} beta={} bias={}", op.size, op.alpha, op.beta, op.bias);
}
std::string attributes(const Remap& op) {
  std::string text;
  for (const auto& indices : op.source) {
    text += (text.empty() ? "[" : " [") + indexList(indices) + "]";
  }
  return op.fill == 0 ? text : fmt::format("{} fill={}", text, op.fill);
}
std::string attributes(const Reshape&) { return ""; }
std::string attributes(const Transpose& op) {
  return fmt::format("{}", fmt::join(op.permutation, ","));
}
std::string attributes(const Concat& op) { return fmt::format("axis={}", op.axis); }
std::string attributes(const Gather& op) { return fmt::format("axis={}", op.axis); }

std::string reference(const Graph& graph, ValueId id) {
  return id == kNoValue ? "_" : "%" + graph.value(id).name;
}

std::string typeOf(const Value& value) {
  std::string text = fmt::format("{} {}", name(value.type), toString(value.shape));
  if (!value.quantization) return text;
  const Quantization& q = *value.quantization;
  if (q.scales.size() == 1) return fmt::format("{} (q - {}) * {}", text, q.zeroPoint, q.scales[0]);
  return fmt::format("{} (q - {}) * scales[axis {}]", text, q.zeroPoint, q.axis);
}

std::string stepText(const Graph& graph, const Node& node, const ElementStep& step) {
  std::string text = fmt::format(" |> {}", name(step.op));
  if (isBinary(step.op)) {
    const auto operand = static_cast<std::size_t>(step.operand);
    text += fmt::format("{}({})", step.reversed ? "Reversed" : "",
                        reference(graph, node.inputs.at(operand)));
  } else if (step.op == ElementOp::Clip || step.op == ElementOp::HardSigmoid) {
    text += fmt::format("({}, {})", step.alpha, step.beta);
  } else if (step.op == ElementOp::LeakyRelu) {
    text += fmt::format("({})", step.alpha);
  }
  return text;
}

std::string nodeText(const Graph& graph, const Node& node) {
  std::vector<std::string> arguments;
  for (const ValueId id : node.inputs) arguments.push_back(reference(graph, id));
  std::string text = fmt::format("{} = {}({})", reference(graph, node.output), name(node.operation),
                                 fmt::join(arguments, ", "));
  const std::string details =
      std::visit([](const auto& op) { return attributes(op); }, node.operation);
  if (!details.empty()) text += " {" + details + "}";
  for (const ElementStep& step : node.steps) text += stepText(graph, node, step);
  return text + " : " + typeOf(graph.value(node.output)) + "\n";
}

std::string constantText(const Constant& constant) {
  if (constant.splat) return fmt::format("splat({})", *constant.splat);
  if (constant.seed) return fmt::format("seeded({})", *constant.seed);
  if (constant.dense->size() > kShownElements) return "dense";
  std::vector<double> elements;
  for (std::int64_t i = 0; i < constant.dense->size(); ++i) {
    elements.push_back(constant.dense->at(i));
  }
  return fmt::format("[{}]", fmt::join(elements, ", "));
}

}  // namespace

std::string Graph::toText() const {
  std::string text;
  for (const ValueId id : inputs) {
    text += fmt::format("{} = input : {}\n", reference(*this, id), typeOf(value(id)));
  }
  for (const Value& value : values) {
    if (!value.constant) continue;
    text +=
        fmt::format("%{} = {} : {}\n", value.name, constantText(*value.constant), typeOf(value));
  }
  for (const Node& node : nodes) text += nodeText(*this, node);
  std::vector<std::string> results;
  for (const ValueId id : outputs) results.push_back(reference(*this, id));
  return text + fmt::format("return {}\n", fmt::join(results, ", "));
}

}  // namespace npusim
