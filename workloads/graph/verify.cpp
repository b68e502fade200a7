#include <set>

#include "sim/core/error.h"
#include "workloads/graph/graph.h"

namespace npusim {
namespace {

[[noreturn]] void fail(const std::string& line) { throw InternalError("graph: " + line); }

void checkConstant(const Value& value) {
  const Constant& constant = *value.constant;
  const int forms = (constant.dense ? 1 : 0) + (constant.splat ? 1 : 0) + (constant.seed ? 1 : 0);
  if (forms != 1) fail("constant '" + value.name + "' must be dense, splat or seeded");
  if (!constant.dense) return;
  if (constant.dense->type() != value.type) fail("constant '" + value.name + "' of another type");
  if (constant.dense->shape() != value.shape) {
    fail("constant '" + value.name + "' holds " + toString(constant.dense->shape()) + ", not " +
         toString(value.shape));
  }
}

void checkQuantization(const Value& value) {
  const Quantization& quantization = *value.quantization;
  if (!isInteger(value.type)) fail("value '" + value.name + "' is quantised but no integer");
  if (quantization.scales.size() == 1) return;
  const auto axis = static_cast<std::size_t>(quantization.axis);
  if (axis >= value.shape.size() ||
      static_cast<std::int64_t>(quantization.scales.size()) != value.shape[axis]) {
    fail("value '" + value.name + "' has " + std::to_string(quantization.scales.size()) +
         " scales for shape " + toString(value.shape));
  }
}

void checkValues(const Graph& graph) {
  std::set<std::string_view> names;
  for (const Value& value : graph.values) {
    if (value.name.empty()) fail("a value has no name");
    if (!names.insert(value.name).second) fail("two values are called '" + value.name + "'");
    for (const std::int64_t extent : value.shape) {
      if (extent < 0) fail("value '" + value.name + "' has shape " + toString(value.shape));
    }
    if (value.constant) checkConstant(value);
    if (value.quantization) checkQuantization(value);
  }
}

/// Follows the order of nodes and keeps what is available so far.
class OrderCheck {
 public:
  explicit OrderCheck(const Graph& graph) : graph_(graph), available_(graph.values.size(), false) {
    for (std::size_t i = 0; i < graph.values.size(); ++i) {
      available_[i] = graph.values[i].constant.has_value();
    }
    for (const ValueId id : graph.inputs) {
      if (at(id)) fail("input '" + graph.value(id).name + "' is given twice or constant");
      available_[static_cast<std::size_t>(id)] = true;
    }
  }

  void visit(const Node& node) {
    const bool carries = std::holds_alternative<Carried>(node.operation);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id != kNoValue && !at(id) && !(carries && i == 1)) {
        fail("node '" + node.name + "' reads '" + graph_.value(id).name + "' before it is written");
      }
    }
    if (at(node.output)) fail("node '" + node.name + "' writes a value that exists already");
    available_[static_cast<std::size_t>(node.output)] = true;
  }

  bool at(ValueId id) const {
    if (id < 0 || static_cast<std::size_t>(id) >= available_.size()) fail("value id out of range");
    return available_[static_cast<std::size_t>(id)];
  }

 private:
  const Graph& graph_;
  std::vector<bool> available_;
};

void checkSteps(const Node& node) {
  for (const ElementStep& step : node.steps) {
    const bool inRange = step.operand >= 0 &&
                         static_cast<std::size_t>(step.operand) < node.inputs.size() &&
                         node.inputs[static_cast<std::size_t>(step.operand)] != kNoValue;
    if (isBinary(step.op) ? !inRange : step.operand != -1) {
      fail("step " + std::string(name(step.op)) + " of node '" + node.name + "' has operand " +
           std::to_string(step.operand));
    }
  }
}

void checkShape(const Graph& graph, const Node& node) {
  std::vector<Shape> shapes;
  for (const ValueId id : node.inputs) {
    shapes.push_back(id == kNoValue ? Shape{} : graph.value(id).shape);
  }
  Shape inferred;
  try {
    inferred = inferShape(node.operation, shapes, node.steps);
  } catch (const BadInput& error) {
    fail("node '" + node.name + "': " + error.what());
  }
  const Shape& stated = graph.value(node.output).shape;
  if (inferred != stated) {
    fail("node '" + node.name + "' gives " + toString(inferred) + ", its value says " +
         toString(stated));
  }
}

/// Holds the loops to what graph.h says of them.
class LoopCheck {
 public:
  explicit LoopCheck(const Graph& graph) : graph_(graph), producers_(graph.producers()) {
    for (std::size_t r = 0; r < graph.repeats.size(); ++r) checkRepeat(r);
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) checkNode(n);
  }

 private:
  void checkRepeat(std::size_t r) const {
    const Repeat& repeat = graph_.repeats[r];
    const auto index = static_cast<int>(r);
    if (repeat.passes < 1) fail("loop '" + repeat.name + "' has no passes");
    if (repeat.parent >= index) fail("loop '" + repeat.name + "' comes before the one around it");
    std::size_t first = 0;
    while (first < graph_.nodes.size() && !graph_.isIn(graph_.nodes[first].repeat, index)) ++first;
    for (std::size_t n = graph_.endOf(index, first); n < graph_.nodes.size(); ++n) {
      if (graph_.isIn(graph_.nodes[n].repeat, index)) {
        fail("the nodes of loop '" + repeat.name + "' do not follow one another");
      }
    }
  }

  void checkNode(std::size_t n) const {
    const Node& node = graph_.nodes[n];
    const int count = static_cast<int>(graph_.repeats.size());
    if (node.repeat < -1 || node.repeat >= count) fail("node '" + node.name + "' is in no loop");
    const bool takes = std::holds_alternative<Take>(node.operation);
    const auto* collects = std::get_if<Collect>(&node.operation);
    const bool carries = std::holds_alternative<Carried>(node.operation);
    if (!takes && collects == nullptr && !carries) return;
    if (node.repeat < 0) fail("node '" + node.name + "' belongs in a loop");
    const Repeat& repeat = graph_.repeats[static_cast<std::size_t>(node.repeat)];
    const Shape& x = graph_.value(node.inputs[0]).shape;
    const std::int64_t parts = takes ? x.front() : collects ? collects->passes : repeat.passes;
    if (parts != repeat.passes) {
      fail("node '" + node.name + "' has " + std::to_string(parts) + " parts for " +
           std::to_string(repeat.passes) + " passes of loop '" + repeat.name + "'");
    }
    if (carries) checkState(n);
  }

  void checkState(std::size_t n) const {
    const Node& node = graph_.nodes[n];
    const int next = producers_[static_cast<std::size_t>(node.inputs[1])];
    const bool later =
        next > static_cast<int>(n) &&
        graph_.isIn(graph_.nodes[static_cast<std::size_t>(next)].repeat, node.repeat);
    if (!later) fail("state '" + node.name + "' goes on from nothing later in its loop");
    const Node* before = n > 0 ? &graph_.nodes[n - 1] : nullptr;
    if (before && before->repeat == node.repeat &&
        !std::holds_alternative<Carried>(before->operation)) {
      fail("state '" + node.name + "' is not at the beginning of its loop");
    }
    checkOwnNext(n);
  }

  /// Where a state lies its next value is written, so each has one of its own.
  void checkOwnNext(std::size_t n) const {
    const Node& node = graph_.nodes[n];
    const ValueId next = node.inputs[1];
    const int producer = producers_[static_cast<std::size_t>(next)];
    if (std::holds_alternative<Carried>(
            graph_.nodes[static_cast<std::size_t>(producer)].operation)) {
      fail("state '" + node.name + "' goes on from another state, '" + graph_.value(next).name +
           "'");
    }
    for (std::size_t other = 0; other < n; ++other) {
      const Node& before = graph_.nodes[other];
      if (std::holds_alternative<Carried>(before.operation) && before.inputs[1] == next) {
        fail("states '" + before.name + "' and '" + node.name + "' go on from the same value, '" +
             graph_.value(next).name + "'");
      }
    }
  }

  const Graph& graph_;
  const std::vector<int> producers_;
};

}  // namespace

void Graph::verify() const {
  checkValues(*this);
  OrderCheck order(*this);
  std::set<std::string_view> names;
  for (const Node& node : nodes) {
    if (!names.insert(node.name).second) fail("two nodes are called '" + node.name + "'");
    if (node.inputs.empty() || node.inputs.front() == kNoValue) {
      fail("node '" + node.name + "' has no input");
    }
    order.visit(node);
    checkSteps(node);
    checkShape(*this, node);
    if (std::holds_alternative<Gather>(node.operation) && !isInteger(value(node.inputs[1]).type)) {
      fail("node '" + node.name + "' gathers by indices that are no integers");
    }
  }
  LoopCheck loops(*this);
  for (const ValueId id : outputs) {
    if (!order.at(id)) fail("output '" + value(id).name + "' is never written");
  }
}

}  // namespace npusim
