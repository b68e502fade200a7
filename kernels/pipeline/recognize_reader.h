#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "kernels/pipeline/recognize_algebra.h"
#include "workloads/graph/graph.h"

namespace npusim::passes {

/// Reads what a node computes as an expression of one of the values that it is computed from.
class FormReader {
 public:
  /// `producers` and `consumers` are the graph's.
  FormReader(const Graph& graph, const std::vector<int>& producers,
             const std::vector<std::vector<int>>& consumers, int root);

  /// Values that the node may be a form of: of its shape, and read more than once on the way to
  /// it; nearest first.
  const std::vector<ValueId>& candidates() const { return candidates_; }

  /// The node's result as an expression of `x`; none where it is too large, or where a value on the
  /// way is needed elsewhere too.
  std::optional<Expression> read(Algebra& algebra, ValueId x) const;

 private:
  class Reading;

  const Node& node(int index) const { return graph_.nodes[static_cast<std::size_t>(index)]; }
  int producer(ValueId id) const { return producers_[static_cast<std::size_t>(id)]; }
  /// May the node be part of a form? Elementwise, a mean, or the mean's shape with all dimensions.
  bool isPart(int index) const;

  const Graph& graph_;
  const std::vector<int>& producers_;
  const std::vector<std::vector<int>>& consumers_;
  int root_;
  std::vector<ValueId> candidates_;
};

}  // namespace npusim::passes
