#include "workloads/onnx/folding.h"

#include <algorithm>
#include <bit>

#include "workloads/evaluate/evaluate.h"

namespace npusim::onnx_import {
namespace {

/// Larger tensors are never computed while importing (256 MiB of fp32).
constexpr std::int64_t kMaxFoldedElements = std::int64_t{1} << 26;

bool onlyMoves(const Node& node) {
  if (!node.steps.empty()) return false;
  if (const auto* remap = std::get_if<Remap>(&node.operation)) {
    return std::none_of(remap->source.begin(), remap->source.end(), [](const auto& indices) {
      return std::find(indices.begin(), indices.end(), -1) != indices.end();
    });
  }
  return std::holds_alternative<Reshape>(node.operation) ||
         std::holds_alternative<Concat>(node.operation) ||
         std::holds_alternative<Transpose>(node.operation) ||
         std::holds_alternative<Elementwise>(node.operation);
}

bool isSplatOf(const Value& value, double number) {
  const std::optional<double>& splat = value.constant->splat;
  return splat && std::bit_cast<std::uint64_t>(*splat) == std::bit_cast<std::uint64_t>(number);
}

/// Equal splats that are moved, joined or converted to another type are a splat.
std::optional<Constant> foldSplat(const Graph& graph, const Node& node) {
  const Value& input = graph.value(node.inputs.front());
  if (!input.constant->splat || !onlyMoves(node)) return std::nullopt;
  for (const ValueId id : node.inputs) {
    if (!isSplatOf(graph.value(id), *input.constant->splat)) return std::nullopt;
  }
  Tensor one(input.type, {1});
  one.set(0, *input.constant->splat);
  return Constant{nullptr, convert(one, graph.value(node.output).type).at(0), {}};
}

bool isSmall(const Value& value) { return elementCount(value.shape) <= kMaxFoldedElements; }

/// Of evaluating a node whose values are small.
std::int64_t cost(const Graph& graph, const Node& node) {
  const std::int64_t written = elementCount(graph.value(node.output).shape);
  std::int64_t elements = written + macCount(graph, node);
  for (const ValueId id : node.inputs) {
    if (id != kNoValue) elements += elementCount(graph.value(id).shape);
  }
  const auto* pool = std::get_if<Pool>(&node.operation);
  if (pool == nullptr) return elements;
  return elements + written * std::min(kMaxFoldedElements, elementCount(pool->kernel));
}

std::int64_t elementsIn(const OnnxGraph& graph) {
  std::int64_t elements = 0;
  for (const auto& [name, tensor] : graph.initializers) elements += tensor.size();
  for (const OnnxNode& node : graph.nodes) {
    for (const auto& [name, attribute] : node.attributes) {
      if (const auto* tensor = std::get_if<Tensor>(&attribute)) elements += tensor->size();
    }
  }
  return elements;
}

/// Scales and zero points of weights that came encoded go where a node moves the values.
void moveForm(const Graph& graph, const Node& node, Constant& made) {
  const bool moves = std::holds_alternative<Transpose>(node.operation) ||
                     std::holds_alternative<Reshape>(node.operation);
  const Constant& from = *graph.value(node.inputs.at(0)).constant;
  if (!moves || !node.steps.empty() || !from.form) return;
  const auto moved = [&](const std::shared_ptr<const Tensor>& tensor) {
    if (!tensor) return tensor;
    const Tensor reals = convert(*tensor, DataType::Float32);
    return std::make_shared<const Tensor>(
        convert(evaluateNode(graph, node, {&reals}), tensor->type()));
  };
  made.form = from.form;
  made.scales = moved(from.scales);
  made.zeros = moved(from.zeros);
}

}  // namespace

void FoldBudget::add(const OnnxGraph& graph) {
  constexpr std::int64_t kOften = 64;
  left_ += kOften * elementsIn(graph);
}

bool FoldBudget::take(std::int64_t cost) {
  constexpr std::int64_t kTiny = 4096;
  if (cost > std::max(left_, kTiny)) return false;
  left_ -= std::min(left_, cost);
  return true;
}

std::optional<Constant> foldNode(const Graph& graph, const Node& node, FoldBudget& budget) {
  if (isOfLoops(node.operation)) return std::nullopt;
  bool foldable = isSmall(graph.value(node.output));
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    if (!graph.isConstant(id)) return std::nullopt;
    foldable = foldable && isSmall(graph.value(id));
  }
  if (std::optional<Constant> splat = foldSplat(graph, node)) return splat;
  if (!foldable || !budget.take(cost(graph, node))) return std::nullopt;
  std::vector<Tensor> dense;
  dense.reserve(node.inputs.size());
  std::vector<const Tensor*> inputs;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) {
      inputs.push_back(nullptr);
      continue;
    }
    const Value& value = graph.value(id);
    if (!value.constant->dense)
      dense.push_back(value.constant->materialize(value.type, value.shape));
    inputs.push_back(value.constant->dense ? value.constant->dense.get() : &dense.back());
  }
  Constant made{std::make_shared<const Tensor>(evaluateNode(graph, node, inputs)), {}, {}};
  moveForm(graph, node, made);
  return made;
}

}  // namespace npusim::onnx_import
