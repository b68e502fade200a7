#pragma once

#include <cstdint>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim::passes {

/// Scores and what is made of them: products(Q, K) and steps, a softmax along the last axis, more
/// steps, products with V. All values on the way have one reader. Indices of the graph's nodes, in
/// order: the first is the product that makes the scores, the last the one that takes them.
struct Attention {
  std::vector<int> nodes;
};

/// All of a graph, no node in two of them.
std::vector<Attention> findAttention(const Graph& graph);

/// How an attention is cut: a loop over each of the leading dimensions (batch, heads), in it one
/// over blocks of `rows` rows of the queries, which divide them. With `hold` each head's keys and
/// values are copied to values of their own before the loop over its rows.
struct AttentionTiling {
  std::int64_t rows = 1;
  bool hold = false;
};

/// Bytes of all scores of an attention, and rows and columns of one head's.
struct ScoreSizes {
  std::int64_t bytes = 0, rows = 1, columns = 1;
};
ScoreSizes scoreSizes(const Graph& graph, const Attention& attention);

/// Cuts an attention: its values are the same, each row computed as before.
void cut(Graph& graph, const Attention& attention, const AttentionTiling& tiling);

/// The nodes of an attention as a network of their own, which reads from memory what they read.
Graph alone(const Graph& graph, const Attention& attention);

}  // namespace npusim::passes
