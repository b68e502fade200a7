#include "workloads/onnx/folding.h"

#include <algorithm>

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
         std::holds_alternative<Transpose>(node.operation) ||
         std::holds_alternative<Elementwise>(node.operation);
}

/// A splat that is moved or converted to another type is a splat.
std::optional<Constant> foldSplat(const Graph& graph, const Node& node) {
  const Value& input = graph.value(node.inputs.front());
  if (!input.constant->splat || !onlyMoves(node)) return std::nullopt;
  Tensor one(input.type, {1});
  one.set(0, *input.constant->splat);
  return Constant{nullptr, convert(one, graph.value(node.output).type).at(0), {}};
}

bool isSmall(const Value& value) { return elementCount(value.shape) <= kMaxFoldedElements; }

}  // namespace

std::optional<Constant> foldNode(const Graph& graph, const Node& node) {
  if (isOfLoops(node.operation)) return std::nullopt;
  bool foldable = isSmall(graph.value(node.output));
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    if (!graph.isConstant(id)) return std::nullopt;
    foldable = foldable && isSmall(graph.value(id));
  }
  if (std::optional<Constant> splat = foldSplat(graph, node)) return splat;
  if (!foldable) return std::nullopt;
  std::vector<Tensor> made;
  made.reserve(node.inputs.size());
  std::vector<const Tensor*> inputs;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) {
      inputs.push_back(nullptr);
      continue;
    }
    const Value& value = graph.value(id);
    if (!value.constant->dense)
      made.push_back(value.constant->materialize(value.type, value.shape));
    inputs.push_back(value.constant->dense ? value.constant->dense.get() : &made.back());
  }
  return Constant{std::make_shared<const Tensor>(evaluateNode(graph, node, inputs)), {}, {}};
}

}  // namespace npusim::onnx_import
