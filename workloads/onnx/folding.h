#pragma once

#include <optional>

#include "workloads/graph/graph.h"
#include "workloads/onnx/model.h"

namespace npusim::onnx_import {

/// What an import may compute, in elements read and written and multiply-accumulates: some to begin
/// with and more for the tensors that the file holds, so that no small file keeps it busy for long.
class FoldBudget {
 public:
  void add(const OnnxGraph& graph);
  /// Takes `cost` unless that is more than is left; what is tiny is always there.
  bool take(std::int64_t cost);

 private:
  std::int64_t left_ = std::int64_t{1} << 27;
};

/// The node's result as a constant, when all its inputs are constant; empty when it is not, or when
/// it would be too large to compute while importing. A splat stays symbolic through moves.
std::optional<Constant> foldNode(const Graph& graph, const Node& node, FoldBudget& budget);

}  // namespace npusim::onnx_import
