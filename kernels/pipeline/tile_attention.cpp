#include "kernels/pipeline/tile_attention.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "sim/core/error.h"

namespace npusim::passes {
namespace {

bool isPlainProduct(const Graph& graph, const Node& node) {
  if (!std::holds_alternative<MatMul>(node.operation) || hasZeroPoints(graph, node)) return false;
  const bool bias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
  return !bias && graph.value(node.inputs[0]).shape.size() > 1 &&
         graph.value(node.inputs[1]).shape.size() > 1;
}

/// Follows values that have one reader, to and from a softmax.
class Finder {
 public:
  explicit Finder(const Graph& graph)
      : graph_(graph), producers_(graph.producers()), consumers_(graph.consumers()) {}

  std::optional<Attention> around(int softmax) const {
    const Node& node = at(softmax);
    const Shape& shape = graph_.value(node.output).shape;
    if (std::get<Softmax>(node.operation).axis != static_cast<int>(shape.size()) - 1) return {};
    Attention found;
    found.nodes = {softmax};
    for (int n = softmax; !isPlainProduct(graph_, at(n)) || n == softmax;) {
      n = before(n);
      if (n < 0) return {};
      found.nodes.insert(found.nodes.begin(), n);
    }
    for (int n = softmax; !isPlainProduct(graph_, at(n));) {
      n = after(n);
      if (n < 0) return {};
      found.nodes.push_back(n);
    }
    return sameBatch(found) ? std::optional(found) : std::nullopt;
  }

 private:
  const Node& at(int n) const { return graph_.nodes[static_cast<std::size_t>(n)]; }

  /// Does only `reader` read what `writer` writes, whole, and not as the second factor?
  bool handsOn(int writer, int reader) const {
    const Node& from = at(writer);
    const Node& to = at(reader);
    const bool output = std::count(graph_.outputs.begin(), graph_.outputs.end(), from.output) > 0;
    const bool only = consumers_[static_cast<std::size_t>(from.output)].size() == 1 && !output &&
                      std::count(to.inputs.begin(), to.inputs.end(), from.output) == 1;
    const Value& value = graph_.value(from.output);
    const bool scaled = value.quantization && value.quantization->scales.size() > 1;
    return only && !scaled && from.repeat == to.repeat && to.inputs[0] == from.output;
  }

  bool isOnTheWay(int n, int neighbour) const {
    const bool elementwise =
        std::holds_alternative<Elementwise>(at(n).operation) &&
        graph_.value(at(n).output).shape == graph_.value(at(neighbour).output).shape;
    return elementwise || isPlainProduct(graph_, at(n));
  }

  int before(int n) const {
    const int writer = producers_[static_cast<std::size_t>(at(n).inputs[0])];
    return writer >= 0 && handsOn(writer, n) && isOnTheWay(writer, n) ? writer : -1;
  }

  int after(int n) const {
    const std::vector<int>& readers = consumers_[static_cast<std::size_t>(at(n).output)];
    if (readers.size() != 1) return -1;
    return handsOn(n, readers[0]) && isOnTheWay(readers[0], n) ? readers[0] : -1;
  }

  /// Have queries, keys, scores, values and results the same leading dimensions?
  bool sameBatch(const Attention& attention) const {
    const auto batch = [&](ValueId id) {
      const Shape& shape = graph_.value(id).shape;
      return Shape(shape.begin(), shape.end() - 2);
    };
    const Node& first = at(attention.nodes.front());
    const Node& last = at(attention.nodes.back());
    const Shape all = batch(first.output);
    return batch(first.inputs[0]) == all && batch(first.inputs[1]) == all &&
           batch(last.inputs[1]) == all && batch(last.output) == all;
  }

  const Graph& graph_;
  const std::vector<int> producers_;
  const std::vector<std::vector<int>> consumers_;
};

/// Writes the nodes of one attention anew, in loops.
class Cutter {
 public:
  Cutter(Graph& graph, std::vector<Node> nodes, const AttentionTiling& tiling)
      : graph_(graph), nodes_(std::move(nodes)), tiling_(tiling), base_(nodes_.back().name) {}

  void run() {
    const Shape scores = graph_.value(nodes_.front().output).shape;
    for (const Node& node : nodes_) {
      made_.insert(node.output);
    }
    for (const Node& node : nodes_) {
      for (const ValueId id : node.inputs) {
        if (id != kNoValue && !made_.contains(id)) now_[id] = id;
      }
    }
    loop_ = nodes_.front().repeat;
    ValueId result = leading(scores, 0);
    graph_.nodes.back().output = nodes_.back().output;
    ensure(graph_.value(result).shape == graph_.value(nodes_.back().output).shape,
           "an attention that is cut has another shape");
  }

 private:
  /// Everything from dimension `axis` of the scores on; the dimensions before it are gone.
  ValueId leading(const Shape& scores, std::size_t axis) {
    if (axis + 2 == scores.size()) return rows(scores);
    const std::int64_t count = scores[axis];
    const auto rank = scores.size() - axis;
    if (count == 1) {
      dropFirst(rank);
      const ValueId inner = leading(scores, axis + 1);
      return reshaped(inner, withFirst(1, inner));
    }
    return looped(count, [&] {
      for (auto& [id, now] : now_) {
        const Shape& shape = graph_.value(now).shape;
        if (shape.size() == rank && shape[0] == count) now = taken(now);
      }
      dropFirst(rank);
      return leading(scores, axis + 1);
    });
  }

  ValueId rows(const Shape& scores) {
    if (tiling_.hold) hold();
    const std::int64_t all = scores[scores.size() - 2];
    const std::int64_t count = all / tiling_.rows;
    if (count == 1) return body();
    std::map<ValueId, ValueId> blocks;
    for (const auto& [id, now] : now_) {
      const Shape shape = graph_.value(now).shape;
      const bool moves = shape.size() == 2 && shape[0] == all && !isRightSide(id);
      if (moves) blocks[id] = reshaped(now, {count, tiling_.rows, shape[1]});
    }
    const ValueId parts = looped(count, [&] {
      for (const auto& [id, block] : blocks) now_[id] = taken(block);
      return body();
    });
    return reshaped(parts, {all, graph_.value(parts).shape.back()});
  }

  bool isRightSide(ValueId id) const {
    return id == nodes_.front().inputs[1] || id == nodes_.back().inputs[1];
  }

  void hold() {
    for (const ValueId id : {nodes_.front().inputs[1], nodes_.back().inputs[1]}) {
      now_[id] = add(Elementwise{}, {now_[id]}, id);
    }
  }

  /// The nodes themselves, on what now stands for their inputs.
  ValueId body() {
    for (const Node& node : nodes_) {
      Node part = node;
      part.repeat = loop_;
      for (ValueId& id : part.inputs) {
        if (id != kNoValue) id = now_.at(id);
      }
      if (auto* softmax = std::get_if<Softmax>(&part.operation)) softmax->axis = 1;
      now_[node.output] =
          finished(graph_.addNode(std::move(part), node.name + ".block"), node.output);
    }
    return now_.at(nodes_.back().output);
  }

  template <typename Body>
  ValueId looped(std::int64_t count, const Body& body) {
    const int outer = loop_;
    graph_.repeats.push_back({nextName("loop"), count, outer});
    loop_ = static_cast<int>(graph_.repeats.size() - 1);
    const ValueId inner = body();
    const ValueId all = add(Collect{count}, {inner}, inner);
    loop_ = outer;
    return all;
  }

  void dropFirst(std::size_t rank) {
    for (auto& [id, now] : now_) {
      const Shape shape = graph_.value(now).shape;
      if (shape.size() == rank) now = reshaped(now, Shape(shape.begin() + 1, shape.end()));
    }
  }

  Shape withFirst(std::int64_t first, ValueId id) const {
    Shape shape = graph_.value(id).shape;
    shape.insert(shape.begin(), first);
    return shape;
  }

  ValueId taken(ValueId id) { return add(Take{}, {id}, id); }
  ValueId reshaped(ValueId id, Shape shape) { return add(Reshape{std::move(shape)}, {id}, id); }

  ValueId add(Operation operation, std::vector<ValueId> inputs, ValueId like) {
    Node node;
    node.opName = name(operation);
    node.name = nextName(node.opName);
    node.operation = std::move(operation);
    node.inputs = std::move(inputs);
    node.repeat = loop_;
    return finished(graph_.addNode(std::move(node)), like);
  }

  /// The number format of what a value stands for.
  ValueId finished(ValueId id, ValueId like) {
    const Value& source = graph_.value(like);
    Value& value = graph_.value(id);
    value.type = source.type;
    value.quantization = source.quantization;
    return id;
  }

  std::string nextName(const std::string& what) {
    return base_ + ".cut" + std::to_string(count_++) + "." + what;
  }

  Graph& graph_;
  std::vector<Node> nodes_;
  AttentionTiling tiling_;
  std::string base_;
  std::set<ValueId> made_;          ///< by the nodes
  std::map<ValueId, ValueId> now_;  ///< what stands for a value here
  int loop_ = -1;
  int count_ = 0;
};

std::vector<Node> nodesOf(const Graph& graph, const Attention& attention) {
  std::vector<Node> nodes;
  for (const int n : attention.nodes) nodes.push_back(graph.nodes[static_cast<std::size_t>(n)]);
  return nodes;
}

}  // namespace

std::vector<Attention> findAttention(const Graph& graph) {
  const Finder finder(graph);
  std::vector<Attention> found;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!std::holds_alternative<Softmax>(graph.nodes[n].operation)) continue;
    if (auto attention = finder.around(static_cast<int>(n))) found.push_back(std::move(*attention));
  }
  return found;
}

ScoreSizes scoreSizes(const Graph& graph, const Attention& attention) {
  const Node& first = graph.nodes[static_cast<std::size_t>(attention.nodes.front())];
  const Value& scores = graph.value(first.output);
  return {elementCount(scores.shape) * byteSize(scores.type), scores.shape[scores.shape.size() - 2],
          scores.shape.back()};
}

void cut(Graph& graph, const Attention& attention, const AttentionTiling& tiling) {
  std::vector<Node> old = std::move(graph.nodes);
  graph.nodes.clear();
  std::vector<Node> inside;
  for (int n = 0; n < std::ssize(old); ++n) {
    Node& node = old[static_cast<std::size_t>(n)];
    const bool part = std::count(attention.nodes.begin(), attention.nodes.end(), n) > 0;
    if (!part) {
      graph.nodes.push_back(std::move(node));
      continue;
    }
    inside.push_back(std::move(node));
    if (n == attention.nodes.back()) Cutter(graph, inside, tiling).run();
  }
}

Graph alone(const Graph& graph, const Attention& attention) {
  Graph result = graph;
  result.repeats.clear();
  result.nodes = nodesOf(graph, attention);
  result.inputs.clear();
  std::set<ValueId> known;
  for (Node& node : result.nodes) {
    node.repeat = -1;
    for (const ValueId id : node.inputs) {
      if (id == kNoValue || graph.isConstant(id) || !known.insert(id).second) continue;
      result.inputs.push_back(id);
    }
    known.insert(node.output);
  }
  result.outputs = {result.nodes.back().output};
  result.removeDead();
  return result;
}

}  // namespace npusim::passes
