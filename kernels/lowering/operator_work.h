#pragma once

#include "sim/core/operator_work.h"
#include "workloads/graph/graph.h"

namespace npusim::lowering {

/// What a reference machine needs to know of a node, in all passes of the loops around it: shapes
/// only.
OperatorWork operatorWork(const Graph& graph, const Node& node);

}  // namespace npusim::lowering
