#include <algorithm>

#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

/// Zeros before and after an axis when its index list only pads it; nothing when it does more.
struct Padding {
  std::int64_t before = 0, after = 0;
};
std::optional<Padding> paddingOf(const std::vector<std::int64_t>& source, std::int64_t extent) {
  if (source.empty()) return Padding{};
  const auto first = std::find(source.begin(), source.end(), 0);
  const auto before = static_cast<std::int64_t>(first - source.begin());
  const auto total = static_cast<std::int64_t>(source.size());
  for (std::int64_t i = 0; i < total; ++i) {
    const std::int64_t from = i - before;
    const std::int64_t expected = from >= 0 && from < extent ? from : -1;
    if (source[static_cast<std::size_t>(i)] != expected) return std::nullopt;
  }
  if (total - before < extent) return std::nullopt;
  return Padding{before, total - before - extent};
}

/// The padding of every spatial dimension, when the node is nothing else than that, with zeros.
std::optional<std::vector<Padding>> spatialPadding(const Graph& graph, const Node& node) {
  const auto* remap = std::get_if<Remap>(&node.operation);
  if (remap == nullptr || remap->fill != 0 || !node.steps.empty()) return std::nullopt;
  const Shape& shape = graph.value(node.inputs.front()).shape;
  if (shape.size() < 3) return std::nullopt;
  std::vector<Padding> result;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const std::optional<Padding> padding = paddingOf(remap->source[d], shape[d]);
    if (!padding) return std::nullopt;
    if (d >= 2) result.push_back(*padding);
    if (d < 2 && (padding->before != 0 || padding->after != 0)) return std::nullopt;
  }
  return result;
}

}  // namespace

void absorbPads(Graph& graph) {
  const std::vector<int> producers = graph.producers();
  for (Node& node : graph.nodes) {
    auto* conv = std::get_if<Convolution>(&node.operation);
    if (conv == nullptr || hasZeroPoints(graph, node)) continue;  // zeros there are no padding
    const int producer = producers[static_cast<std::size_t>(node.inputs.front())];
    if (producer < 0) continue;
    const Node& pad = graph.nodes[static_cast<std::size_t>(producer)];
    const auto padding = spatialPadding(graph, pad);
    if (!padding) continue;
    for (std::size_t d = 0; d < padding->size(); ++d) {
      conv->padsBegin[d] += (*padding)[d].before;
      conv->padsEnd[d] += (*padding)[d].after;
    }
    node.inputs.front() = pad.inputs.front();
  }
  graph.removeDead();
}

}  // namespace npusim::passes
