#include <fmt/format.h>
#include <fmt/ranges.h>

#include <type_traits>

#include "workloads/graph/graph.h"

namespace npusim {
namespace {

constexpr std::int64_t kShownElements = 8;  ///< longest constant printed with its values
constexpr int kShownRuns = 6;               ///< longest index list printed in full, in runs

/// End of the longest run of equal steps that begins at `begin`; -1 (fill) only joins itself.
std::size_t runEnd(const std::vector<std::int64_t>& indices, std::size_t begin) {
  if (begin + 1 == indices.size()) return begin + 1;
  const std::int64_t step = indices[begin + 1] - indices[begin];
  std::size_t end = begin + 1;
  while (end < indices.size() && indices[end] - indices[end - 1] == step &&
         (indices[end] == -1) == (indices[begin] == -1)) {
    ++end;
  }
  return end - begin < 3 ? begin + 1 : end;
}

/// "5" or, for three and more indices, "3*4" (3 four times) or "begin:end:step" as Python slices.
std::string runText(const std::vector<std::int64_t>& indices, std::size_t begin, std::size_t end) {
  if (end == begin + 1) return fmt::format("{}", indices[begin]);
  const std::int64_t step = indices[begin + 1] - indices[begin];
  if (step == 0) return fmt::format("{}*{}", indices[begin], end - begin);
  const std::string text = fmt::format("{}:{}", indices[begin], indices[end - 1] + step);
  return step == 1 ? text : fmt::format("{}:{}", text, step);
}

std::string indexList(const std::vector<std::int64_t>& indices) {
  if (indices.empty()) return "all";
  std::string text;
  int runs = 0;
  for (std::size_t i = 0; i < indices.size();) {
    if (++runs > kShownRuns) return fmt::format("{},...({})", text, indices.size());
    const std::size_t end = runEnd(indices, i);
    text += (text.empty() ? "" : ",") + runText(indices, i, end);
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
std::string attributes(const LayerNorm& op) {
  return fmt::format("axis={} epsilon={}{}", op.axis, op.epsilon, op.centered ? "" : " rms");
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

std::string attributes(const Take& op) { return op.reverse ? "reverse" : ""; }
std::string attributes(const Carried&) { return ""; }
std::string attributes(const Collect& op) { return op.reverse ? "reverse" : ""; }
std::string attributes(const Merge&) { return ""; }

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

std::string mappingText(const RowStationaryMapping& mapping) {
  const RowStationaryPass& pass = mapping.pass;
  return fmt::format(" [n={} m={} e={} p={} q={} r={} t={}]", mapping.n, mapping.m, pass.e, pass.p,
                     pass.q, pass.r, pass.t);
}

/// How an input is made and stored, where that is not the usual.
std::string inputText(const Value& value) {
  std::string text;
  if (value.zeroShare > 0) text += fmt::format(" zeros={}", value.zeroShare);
  if (value.raw) text += " raw";
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
  if (node.mapping) text += mappingText(*node.mapping);
  for (const ElementStep& step : node.steps) text += stepText(graph, node, step);
  return text + " : " + typeOf(graph.value(node.output)) + "\n";
}

/// Closes and opens loops until the innermost open one is `repeat`.
void changeLoops(const Graph& graph, int repeat, std::vector<int>& open, std::string& text) {
  while (!open.empty() && !graph.isIn(repeat, open.back())) {
    open.pop_back();
    text += std::string(2 * open.size(), ' ') + "}\n";
  }
  std::vector<int> toOpen;
  for (int loop = repeat; loop >= 0 && (open.empty() || loop != open.back());) {
    toOpen.push_back(loop);
    loop = graph.repeats[static_cast<std::size_t>(loop)].parent;
  }
  for (auto loop = toOpen.rbegin(); loop != toOpen.rend(); ++loop) {
    const Repeat& entered = graph.repeats[static_cast<std::size_t>(*loop)];
    text += std::string(2 * open.size(), ' ') +
            fmt::format("repeat {} x {}", entered.name, entered.passes);
    if (entered.condition != kNoValue) {
      text += fmt::format(" if {}{}", entered.runsIf ? "" : "not ",
                          reference(graph, entered.condition));
    }
    text += " {\n";
    open.push_back(*loop);
  }
}

std::string constantText(const Constant& constant) {
  if (constant.splat) return fmt::format("splat({})", *constant.splat);
  if (constant.seed && constant.zeroShare > 0) {
    return fmt::format("seeded({}, zeros={})", *constant.seed, constant.zeroShare);
  }
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
    text += fmt::format("{} = input : {}{}\n", reference(*this, id), typeOf(value(id)),
                        inputText(value(id)));
  }
  for (const Value& value : values) {
    if (!value.constant) continue;
    text +=
        fmt::format("%{} = {} : {}\n", value.name, constantText(*value.constant), typeOf(value));
  }
  std::vector<int> open;
  for (const Node& node : nodes) {
    changeLoops(*this, node.repeat, open, text);
    text += std::string(2 * open.size(), ' ') + nodeText(*this, node);
  }
  changeLoops(*this, -1, open, text);
  std::vector<std::string> results;
  for (const ValueId id : outputs) results.push_back(reference(*this, id));
  return text + fmt::format("return {}\n", fmt::join(results, ", "));
}

}  // namespace npusim
