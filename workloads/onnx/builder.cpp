#include "workloads/onnx/builder.h"

#include <algorithm>

#include "workloads/onnx/folding.h"

namespace npusim::onnx_import {
namespace {

void requireSensible(const Shape& shape) {
  if (elementCount(shape) <= kMaxElements) return;
  throw BadInput("result of shape " + toString(shape) + " has more than 2^40 elements");
}

std::string quoted(const std::string& name) { return "'" + name + "'"; }

}  // namespace

GraphBuilder::GraphBuilder(OnnxGraph& graph) {
  for (const auto& [name, tensor] : graph.initializers) taken_.insert(name);
  for (const OnnxInput& input : graph.inputs) taken_.insert(input.name);
  for (const OnnxNode& node : graph.nodes) {
    taken_.insert(node.outputs.begin(), node.outputs.end());
  }
  openScope(graph);
}

void GraphBuilder::openScope(OnnxGraph& body) {
  scopes_.push_back({&body.initializers, {}, {}});
  budget_.add(body);
}

std::string GraphBuilder::uniqueName(const std::string& hint) {
  if (taken_.insert(hint).second) return hint;
  int& number = numbers_.try_emplace(hint, 1).first->second;
  std::string name;
  do {
    name = hint + "." + std::to_string(++number);
  } while (!taken_.insert(name).second);
  return name;
}

void GraphBuilder::countIndices(const Node& node) {
  constexpr std::size_t kMost = std::size_t{1} << 24;
  const auto* remap = std::get_if<Remap>(&node.operation);
  if (remap == nullptr) return;
  for (const auto& indices : remap->source) indices_ += indices.size();
  if (indices_ > kMost) {
    throw NotPossible("the model selects elements by more than " + std::to_string(kMost) +
                      " indices, which are not supported");
  }
}

ValueId GraphBuilder::emit(const std::string& hint, Operation operation,
                           std::vector<ValueId> inputs, std::vector<ElementStep> steps,
                           std::optional<DataType> type) {
  std::vector<Shape> shapes;
  for (const ValueId id : inputs) {
    shapes.push_back(id == kNoValue ? Shape{} : graph_.value(id).shape);
  }
  const Shape shape = inferShape(operation, shapes, steps);
  requireSensible(shape);
  const std::string name = uniqueName(hint);
  Node node{name, {}, std::move(operation), std::move(inputs), std::move(steps), kNoValue};
  const ValueId id = graph_.addNode(std::move(node));
  if (type) graph_.value(id).type = *type;
  graph_.nodes.back().repeat = repeat_;
  std::optional<Constant> constant;
  if (elementCount(shape) == 0) {
    constant = Constant{std::make_shared<const Tensor>(graph_.value(id).type, shape), {}, {}};
  } else {
    constant = foldNode(graph_, graph_.nodes.back(), budget_);
  }
  if (constant) {
    graph_.value(id).constant = std::move(constant);
    graph_.nodes.pop_back();
  } else {
    countIndices(graph_.nodes.back());
  }
  return id;
}

void GraphBuilder::openRepeat(Repeat repeat) {
  repeat.parent = repeat_;
  repeat_ = static_cast<int>(graph_.repeats.size());
  graph_.repeats.push_back(std::move(repeat));
}

void GraphBuilder::beginRepeat(const std::string& hint, std::int64_t passes) {
  openRepeat({hint, passes});
}

void GraphBuilder::beginBranch(const std::string& hint, ValueId condition, bool runsIf) {
  openRepeat({hint, 1, -1, condition, runsIf});
}

void GraphBuilder::endRepeat() {
  repeat_ = graph_.repeats.at(static_cast<std::size_t>(repeat_)).parent;
}

void GraphBuilder::rollBack(const Mark& mark) {
  scopes_.resize(mark.scopes);
  repeat_ = mark.repeat;
}

/// The value, and those that it follows from.
std::unordered_set<ValueId> GraphBuilder::ancestors(ValueId id) const {
  std::unordered_set<ValueId> found = {id};
  for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
    if (found.contains(node->output)) found.insert(node->inputs.begin(), node->inputs.end());
  }
  return found;
}

std::optional<Tensor> GraphBuilder::offered(ValueId id) {
  const std::unordered_set<ValueId> needed = ancestors(id);
  std::vector<ValueId> settled;
  Graph known = graph_;
  for (const ValueId input : graph_.inputs) {
    if (!needed.contains(input)) continue;
    Value& value = known.value(input);
    const auto offer = offers_.find(value.name);
    if (offer == offers_.end() || offer->second.type() != value.type ||
        offer->second.shape() != value.shape) {
      return std::nullopt;
    }
    value.constant = Constant{std::make_shared<const Tensor>(offer->second), {}, {}};
    settled.push_back(input);
  }
  for (const Node& node : known.nodes) {
    if (!needed.contains(node.output)) continue;
    std::optional<Constant> folded = foldNode(known, node, budget_);
    if (!folded) return std::nullopt;
    known.value(node.output).constant = std::move(folded);
  }
  for (const ValueId input : settled) settle(input);
  const Value& value = known.value(id);
  return value.constant->materialize(value.type, value.shape);
}

void GraphBuilder::always(ValueId condition, bool runsIf) {
  for (Repeat& repeat : graph_.repeats) {
    if (repeat.condition == condition && repeat.runsIf == runsIf) repeat.condition = kNoValue;
  }
}

ValueId GraphBuilder::emitCarried(const std::string& hint, ValueId initial) {
  return emit(hint, Carried{}, {initial, initial}, {}, std::nullopt);
}

void GraphBuilder::carryOn(ValueId carried, ValueId next) {
  const auto reads = [carried](const Node& node) { return node.output == carried; };
  std::find_if(graph_.nodes.begin(), graph_.nodes.end(), reads)->inputs.at(1) = next;
}

ValueId GraphBuilder::addConstant(const std::string& hint, Tensor tensor) {
  return graph_.addConstant(uniqueName(hint), std::move(tensor));
}

ValueId GraphBuilder::addSplat(const std::string& hint, DataType type, Shape shape, double value) {
  requireSensible(shape);
  return graph_.addValue(
      {uniqueName(hint), type, std::move(shape), Constant{nullptr, value, {}}, {}});
}

ValueId GraphBuilder::addInput(const std::string& name, DataType type, Shape shape) {
  const ValueId id = graph_.addValue({name, type, std::move(shape), {}, {}});
  graph_.inputs.push_back(id);
  inputs_.push_back(id);
  bind(name, id);
  const Value& value = graph_.value(id);
  if (elementCount(value.shape) == 0) settleAs(id, Tensor(value.type, value.shape));
  return id;
}

void GraphBuilder::settleAs(ValueId id, Tensor tensor) {
  Value& value = graph_.value(id);
  value.constant = Constant{std::make_shared<const Tensor>(std::move(tensor)), {}, {}};
  const auto position = std::find(inputs_.begin(), inputs_.end(), id) - inputs_.begin();
  graph_.settledInputs.push_back({value.name, static_cast<std::size_t>(position)});
  std::erase(graph_.inputs, id);
}

void GraphBuilder::settle(ValueId id) {
  const Value& value = graph_.value(id);
  const auto offered = offers_.find(value.name);
  const auto input = std::find(graph_.inputs.begin(), graph_.inputs.end(), id);
  if (offered == offers_.end() || input == graph_.inputs.end()) return;
  if (offered->second.type() != value.type || offered->second.shape() != value.shape) return;
  settleAs(id, offered->second);
}

ValueId GraphBuilder::lookup(const std::string& name) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (const auto found = scope->bound.find(name); found != scope->bound.end()) {
      return found->second;
    }
    if (const auto found = scope->initializers->find(name); found != scope->initializers->end()) {
      const bool outermost = scopes_.size() == 1;
      const ValueId id =
          graph_.addConstant(outermost ? name : uniqueName(name), std::move(found->second));
      scope->bound.emplace(name, id);
      return id;
    }
    if (const auto found = scope->refused.find(name); found != scope->refused.end()) {
      throw NotPossible("reads " + quoted(name) + ", " + found->second);
    }
  }
  throw BadInput("reads " + quoted(name) +
                 ", which no initialiser, graph input or earlier node provides");
}

bool GraphBuilder::isKnown(const std::string& name) const { return scopes_.back().knows(name); }

void GraphBuilder::requireNew(const std::string& name) const {
  if (!scopes_.back().initializers->contains(name) && !isKnown(name)) return;
  throw BadInput("writes " + quoted(name) + ", which exists already");
}

void GraphBuilder::bind(const std::string& name, ValueId id) {
  requireNew(name);
  scopes_.back().bound.emplace(name, id);
}

void GraphBuilder::refuse(const std::string& name, const std::string& reason) {
  requireNew(name);
  scopes_.back().refused.emplace(name, reason);
}

void GraphBuilder::rename(ValueId id, const std::string& valueName, const std::string& nodeName) {
  const std::string given = graph_.value(id).name;
  taken_.erase(given);
  numbers_.erase(given.substr(0, given.rfind('.')));
  graph_.value(id).name = scopes_.size() == 1 ? valueName : uniqueName(valueName);
  for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
    if (graph_.nodes[i].output != id) continue;
    graph_.nodes[i].name = nodeName;
    return;
  }
}

/// Whether a value is written by a node and stands for no graph output yet.
bool GraphBuilder::isPlain(ValueId id) const {
  const auto holds = [id](const std::vector<ValueId>& ids) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  return !graph_.isConstant(id) && !holds(graph_.inputs) && !holds(graph_.outputs);
}

void GraphBuilder::addOutput(const std::string& name) {
  ValueId id = lookup(name);
  if (graph_.value(id).name != name) {
    if (isPlain(id)) {
      graph_.value(id).name = name;
    } else if (graph_.isConstant(id)) {
      Value copy = graph_.value(id);
      copy.name = name;
      id = graph_.addValue(std::move(copy));
    } else {
      const std::string nodeName = uniqueName(name + "/copy");
      id = graph_.addNode({nodeName, "Identity", Elementwise{}, {id}, {}, kNoValue}, name);
    }
  }
  graph_.outputs.push_back(id);
}

}  // namespace npusim::onnx_import
