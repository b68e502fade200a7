#pragma once

#include <vector>

#include "tools/inputs.h"
#include "workloads/graph/graph.h"

namespace npusim::tools {

/// Evaluates a graph of any precision on real inputs, and gives its outputs as reals: what the
/// machine computes, without the machine.
std::vector<Tensor> realOutputs(const Graph& graph, const Inputs& reals);

}  // namespace npusim::tools
