#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/room.h"
#include "kernels/pipeline/tile_attention.h"
#include "kernels/plan/storage_map.h"

namespace npusim::passes {
namespace {

/// Shares of the activation buffer that the scores of one block, and what the softmax makes of
/// them, may take together: what is left is for keys, values and tiles.
constexpr double kShares[] = {0.5, 0.25, 0.125};

/// The most rows, dividing all of them, of which scores and weights take at most `bytes`.
std::int64_t rowsFor(const ScoreSizes& scores, std::int64_t width, std::int64_t bytes) {
  const std::int64_t most = bytes / (2 * scores.columns * width);
  for (std::int64_t rows = std::min(most, scores.rows); rows > 0; --rows) {
    if (scores.rows % rows == 0) return rows;
  }
  return 0;
}

/// Expected cost of a network, or none where it does not fit.
std::optional<double> costOf(const Graph& graph, const ChipConfig& chip,
                             const CompileOptions& options) {
  try {
    const plan::StorageMap storages(chip);
    return dealAndPlace(lower(graph, chip, options), storages, chip, options).cost;
  } catch (const NotPossible&) {
    return std::nullopt;
  }
}

/// The cheapest way to cut an attention that is a network of its own; none: leave it whole.
std::optional<AttentionTiling> best(const Graph& network, const ChipConfig& chip,
                                    const CompileOptions& options) {
  const Attention attention = findAttention(network).front();
  const ScoreSizes scores = scoreSizes(network, attention);
  const plan::StorageMap storages(chip);
  const auto room = static_cast<double>(storages.capacity(storages.activationBuffer));
  const Node& first = network.nodes[static_cast<std::size_t>(attention.nodes.front())];
  const std::int64_t width = byteSize(network.value(first.output).type);
  std::optional<double> least = costOf(network, chip, options);
  std::optional<AttentionTiling> chosen;
  std::int64_t before = 0;
  for (const double share : kShares) {
    const std::int64_t rows = rowsFor(scores, width, static_cast<std::int64_t>(share * room));
    if (rows == 0 || rows == before) continue;
    before = rows;
    for (const bool hold : {false, true}) {
      if (hold && rows == scores.rows) continue;  // read once in any case
      Graph tiled = network;
      cut(tiled, attention, {rows, hold});
      const std::optional<double> cost = costOf(tiled, chip, options);
      if (!cost || (least && *cost >= *least)) continue;
      least = cost;
      chosen = AttentionTiling{rows, hold};
    }
  }
  return chosen;
}

/// What attentions that cost the same have in common: operations, steps and shapes.
std::string shapesOf(const Graph& graph, const Attention& attention) {
  std::string text;
  for (const int n : attention.nodes) {
    const Node& node = graph.nodes[static_cast<std::size_t>(n)];
    text += std::string(name(node.operation)) + std::to_string(node.operation.index());
    if (const auto* product = std::get_if<MatMul>(&node.operation)) {
      text += product->transposeB ? "t" : "";
    }
    for (const ElementStep& step : node.steps) text += " " + std::string(name(step.op));
    for (const ValueId id : node.inputs) {
      text += id == kNoValue ? "-" : " " + toString(graph.value(id).shape);
      if (graph.isConstant(id)) text += "c";
    }
    text += ";";
  }
  return text;
}

}  // namespace

bool tileAttention(Graph& graph, const ChipConfig& chip, const CompileOptions& options) {
  if (chip.cores > 1 || chip.idealMemory) return false;
  const plan::StorageMap storages(chip);
  if (storages.activationMemory < 0) return false;  // nothing ever leaves the chip
  const auto room =
      (1 - kTileShare) * static_cast<double>(storages.capacity(storages.activationBuffer));
  CompileOptions quiet = options;
  quiet.values = false;
  quiet.note = {};
  std::map<std::string, std::optional<AttentionTiling>> known;
  std::vector<std::pair<Attention, AttentionTiling>> cuts;
  for (const Attention& attention : findAttention(graph)) {
    const ScoreSizes scores = scoreSizes(graph, attention);
    if (2 * static_cast<double>(scores.bytes) <= room) continue;
    const std::string key = shapesOf(graph, attention);
    auto found = known.find(key);
    if (found == known.end()) {
      found = known.emplace(key, best(alone(graph, attention), chip, quiet)).first;
    }
    if (found->second) cuts.emplace_back(attention, *found->second);
  }
  for (auto at = cuts.rbegin(); at != cuts.rend(); ++at) cut(graph, at->first, at->second);
  if (cuts.empty()) return false;
  graph.removeDead();
  graph.verify();
  return true;
}

}  // namespace npusim::passes
