#include "workloads/graph/graph.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/core/error.h"

namespace npusim {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Operation>> kOperationNames = {
    "Convolution", "MatMul",  "Elementwise", "Pool",      "Reduce", "Softmax", "LocalResponseNorm",
    "LayerNorm",   "Remap",   "Reshape",     "Transpose", "Concat", "Gather",  "Take",
    "Carried",     "Collect", "Merge"};

std::vector<Shape> inputShapes(const Graph& graph, const Node& node) {
  std::vector<Shape> shapes;
  for (const ValueId id : node.inputs) {
    shapes.push_back(id == kNoValue ? Shape{} : graph.value(id).shape);
  }
  return shapes;
}

bool isProduct(const Node& node) {
  return std::holds_alternative<Convolution>(node.operation) ||
         std::holds_alternative<MatMul>(node.operation);
}

DataType outputType(const Graph& graph, const Node& node) {
  if (!node.steps.empty() && givesTruth(node.steps.back().op)) return DataType::Bool;
  if (hasZeroPoints(graph, node)) return DataType::Int32;
  const bool merges = std::holds_alternative<Merge>(node.operation);
  return graph.value(node.inputs.at(merges ? 1 : 0)).type;
}

/// Nodes from which a graph output is reached. One look backwards finds them, but for what state
/// is carried from: that is written after it is read.
std::vector<bool> liveNodes(const Graph& graph) {
  std::vector<bool> wanted(graph.values.size(), false);
  std::vector<bool> live(graph.nodes.size(), false);
  bool more = true;
  const auto want = [&](ValueId id) {
    if (id == kNoValue || wanted.at(static_cast<std::size_t>(id))) return;
    wanted[static_cast<std::size_t>(id)] = true;
    more = true;
  };
  for (const ValueId id : graph.outputs) want(id);
  while (std::exchange(more, false)) {
    for (std::size_t i = graph.nodes.size(); i-- > 0;) {
      const Node& node = graph.nodes[i];
      if (live[i] || !wanted.at(static_cast<std::size_t>(node.output))) continue;
      live[i] = true;
      for (const ValueId id : node.inputs) want(id);
      for (int loop = node.repeat; loop >= 0;) {
        const Repeat& repeat = graph.repeats.at(static_cast<std::size_t>(loop));
        want(repeat.condition);
        loop = repeat.parent;
      }
    }
  }
  return live;
}

/// Calls `visit` with a reference to every value id that the graph holds.
template <typename Visit>
void forEachId(Graph& graph, const Visit& visit) {
  for (Node& node : graph.nodes) {
    for (ValueId& id : node.inputs) {
      if (id != kNoValue) visit(id);
    }
    visit(node.output);
  }
  for (ValueId& id : graph.inputs) visit(id);
  for (ValueId& id : graph.outputs) visit(id);
  for (Repeat& repeat : graph.repeats) {
    if (repeat.condition != kNoValue) visit(repeat.condition);
  }
}

/// Loops that no node is in any more, nor a loop that stays.
void dropEmptyRepeats(Graph& graph) {
  std::vector<bool> used(graph.repeats.size(), false);
  for (const Node& node : graph.nodes) {
    for (int loop = node.repeat; loop >= 0;
         loop = graph.repeats[static_cast<std::size_t>(loop)].parent)
      used[static_cast<std::size_t>(loop)] = true;
  }
  std::vector<int> newIndex(used.size(), -1);
  std::vector<Repeat> kept;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    newIndex[i] = static_cast<int>(kept.size());
    kept.push_back(std::move(graph.repeats[i]));
  }
  const auto renumber = [&](int& loop) {
    if (loop >= 0) loop = newIndex[static_cast<std::size_t>(loop)];
  };
  for (Repeat& repeat : kept) renumber(repeat.parent);
  for (Node& node : graph.nodes) renumber(node.repeat);
  graph.repeats = std::move(kept);
}

void dropUnusedValues(Graph& graph) {
  std::vector<bool> used(graph.values.size(), false);
  forEachId(graph, [&](ValueId id) { used.at(static_cast<std::size_t>(id)) = true; });
  std::vector<ValueId> newId(graph.values.size(), kNoValue);
  std::vector<Value> kept;
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    if (!used[i]) continue;
    newId[i] = static_cast<ValueId>(kept.size());
    kept.push_back(std::move(graph.values[i]));
  }
  graph.values = std::move(kept);
  forEachId(graph, [&](ValueId& id) { id = newId[static_cast<std::size_t>(id)]; });
}

}  // namespace

std::string_view name(const Operation& operation) { return kOperationNames.at(operation.index()); }

bool isOfLoops(const Operation& operation) {
  return std::holds_alternative<Take>(operation) || std::holds_alternative<Carried>(operation) ||
         std::holds_alternative<Collect>(operation) || std::holds_alternative<Merge>(operation);
}

bool hasZeroPoints(const Graph& graph, const Node& node) {
  const Value& x = graph.value(node.inputs.front());
  return isProduct(node) && (x.type == DataType::Int8 || x.type == DataType::UInt8) &&
         !x.quantization;
}

bool allProductsOfCodes(const Graph& graph) {
  bool any = false;
  for (const Node& node : graph.nodes) {
    if (!isProduct(node)) continue;
    if (!hasZeroPoints(graph, node)) return false;
    any = true;
  }
  return any;
}

ValueId Graph::addValue(Value value) {
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::addConstant(std::string valueName, Tensor tensor) {
  Value added;
  added.name = std::move(valueName);
  added.type = tensor.type();
  added.shape = tensor.shape();
  added.constant = Constant{std::make_shared<const Tensor>(std::move(tensor)), {}, {}};
  return addValue(std::move(added));
}

ValueId Graph::addNode(Node node, std::string outputName) {
  ensure(!node.inputs.empty() && node.inputs.front() != kNoValue, "a node needs its first input");
  Value output;
  output.name = outputName.empty() ? node.name : std::move(outputName);
  output.type = outputType(*this, node);
  try {
    output.shape = inferShape(node.operation, inputShapes(*this, node), node.steps);
  } catch (const BadInput& error) {
    const std::string opName =
        node.opName.empty() ? std::string(npusim::name(node.operation)) : node.opName;
    throw BadInput("node '" + node.name + "' (" + opName + "): " + error.what());
  }
  node.output = addValue(std::move(output));
  nodes.push_back(std::move(node));
  return nodes.back().output;
}

bool Graph::isIn(int repeat, int outer) const {
  while (repeat != outer && repeat >= 0)
    repeat = repeats.at(static_cast<std::size_t>(repeat)).parent;
  return repeat == outer;
}

std::int64_t Graph::passesOf(int repeat) const {
  std::int64_t passes = 1;
  while (repeat >= 0) {
    const Repeat& loop = repeats.at(static_cast<std::size_t>(repeat));
    passes *= loop.passes;
    repeat = loop.parent;
  }
  return passes;
}

std::size_t Graph::endOf(int repeat, std::size_t first) const {
  while (first < nodes.size() && isIn(nodes[first].repeat, repeat)) ++first;
  return first;
}

std::vector<std::vector<int>> Graph::consumers() const {
  std::vector<std::vector<int>> readers(values.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const ValueId id : nodes[i].inputs) {
      if (id == kNoValue) continue;
      std::vector<int>& list = readers.at(static_cast<std::size_t>(id));
      if (list.empty() || list.back() != static_cast<int>(i)) list.push_back(static_cast<int>(i));
    }
  }
  return readers;
}

std::vector<int> Graph::producers() const {
  std::vector<int> writer(values.size(), -1);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    writer.at(static_cast<std::size_t>(nodes[i].output)) = static_cast<int>(i);
  }
  return writer;
}

void Graph::removeDead() {
  const std::vector<bool> live = liveNodes(*this);
  std::vector<Node> kept;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (live[i]) kept.push_back(std::move(nodes[i]));
  }
  nodes = std::move(kept);
  dropEmptyRepeats(*this);
  dropUnusedValues(*this);
}

}  // namespace npusim
