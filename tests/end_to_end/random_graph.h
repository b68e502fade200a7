#pragma once

#include <map>
#include <string>

#include "tests/end_to_end/random.h"
#include "workloads/graph/graph.h"

namespace npusim::end_to_end {

/// A small network of one to five random operations, of every kind that the graph has, on small
/// tensors of moderate values.
Graph randomGraph(Random& random);

/// Random values for every input of the graph; indices stay inside what they index.
std::map<std::string, Tensor> randomInputs(Random& random, const Graph& graph);

}  // namespace npusim::end_to_end
