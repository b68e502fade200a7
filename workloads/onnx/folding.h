#pragma once

#include <optional>

#include "workloads/graph/graph.h"

namespace npusim::onnx_import {

/// The node's result as a constant, when all its inputs are constant; empty when it is not, or
/// when it would be too large to compute while importing. A splat stays symbolic through moves.
std::optional<Constant> foldNode(const Graph& graph, const Node& node);

}  // namespace npusim::onnx_import
