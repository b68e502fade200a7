#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/end_to_end/random.h"
#include "workloads/graph/graph.h"

namespace npusim::end_to_end {

/// Grows a graph node by node; names are numbered.
class GraphBuilder {
 public:
  ValueId input(const Shape& shape, DataType type = DataType::Float32) {
    const ValueId id = graph_.addValue({name("in"), type, shape, {}, {}});
    graph_.inputs.push_back(id);
    return id;
  }
  ValueId constant(Tensor tensor) {
    return graph_.addConstant(name("constant"), std::move(tensor));
  }
  ValueId add(Operation operation, std::vector<ValueId> inputs,
              std::vector<ElementStep> steps = {}) {
    Node node;
    node.name = name("node");
    node.opName = npusim::name(operation);
    node.operation = std::move(operation);
    node.inputs = std::move(inputs);
    node.steps = std::move(steps);
    return graph_.addNode(std::move(node));
  }
  /// One elementwise node of one step.
  ValueId unary(ValueId x, ElementOp op, float alpha = 0, float beta = 0) {
    return add(Elementwise{}, {x}, {{op, -1, alpha, beta, false}});
  }
  ValueId binary(ValueId x, ElementOp op, ValueId operand, bool reversed = false) {
    return add(Elementwise{}, {x, operand}, {{op, 1, 0, 0, reversed}});
  }
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }

  Graph& graph() { return graph_; }

 private:
  std::string name(const std::string& kind) { return kind + std::to_string(count_++); }

  Graph graph_;
  int count_ = 0;
};

}  // namespace npusim::end_to_end
