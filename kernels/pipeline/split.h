#pragma once

#include <set>
#include <string>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim {

/// Nodes of a network that one machine runs without the other in between, as a network of its own:
/// its inputs are what others made, its outputs what others read, by the names of the whole.
struct GraphPart {
  bool onChip = true;
  Graph graph;
};

/// Deals a network to two machines that take turns: the nodes named in `offChip` to the host, the
/// rest to the chip. Loops and branches are never torn: one that holds a node of the host's is the
/// host's as a whole. A plain change of shape goes with what it reads, and what reads constants
/// alone with its readers. Parts come in the order they
/// run in; each goes on as long as its machine finds inputs, so that data cross as rarely as a
/// greedy order lets them.
std::vector<GraphPart> splitByMachine(const Graph& graph, const std::set<std::string>& offChip);

}  // namespace npusim
