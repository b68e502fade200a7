#pragma once

#include <vector>

#include "workloads/graph/graph.h"

namespace npusim::passes {

/// Does the node only move values, so that inputs and output must be in one format?
bool movesValues(const Node& node);

/// Is the node a Convolution or MatMul?
bool isProduct(const Node& node);

/// Which values of a graph become codes where a chip also has floats: all that products read, and
/// what leads there; but around what int8 serves badly (LayerNorm, Softmax, a GELU, the state of an
/// LSTM's cell), and behind the last products, values stay fp32. `also` become codes in any case.
/// Moves cannot convert, so their inputs and output go together.
std::vector<bool> codesBetweenFloats(const Graph& graph, std::vector<bool> also);

}  // namespace npusim::passes
