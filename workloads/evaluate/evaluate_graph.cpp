#include <algorithm>
#include <cstring>

#include "workloads/evaluate/evaluate.h"

namespace npusim {
namespace {

/// Part `index` of a tensor [parts, ...], and a tensor written as one.
Tensor partOf(const Tensor& whole, std::int64_t index) {
  Tensor part(whole.type(), Shape(whole.shape().begin() + 1, whole.shape().end()));
  const std::size_t bytes = part.bytes().size();
  std::copy_n(whole.bytes().data() + static_cast<std::size_t>(index) * bytes, bytes,
              part.bytes().data());
  return part;
}

void setPart(Tensor& whole, std::int64_t index, const Tensor& part) {
  const std::size_t bytes = part.bytes().size();
  std::copy_n(part.bytes().data(), bytes,
              whole.bytes().data() + static_cast<std::size_t>(index) * bytes);
}

/// Tensors of a graph's values while it is evaluated.
class Values {
 public:
  Values(const Graph& graph, const std::map<std::string, Tensor>& inputs, const Observer& observe)
      : graph_(graph),
        observe_(observe),
        tensors_(graph.values.size()),
        pass_(graph.repeats.size()) {
    for (const ValueId id : graph.inputs) {
      const Value& value = graph.value(id);
      const auto found = inputs.find(value.name);
      if (found == inputs.end()) throw BadInput("no tensor given for input '" + value.name + "'");
      check(value, found->second);
      at(id) = found->second;
      if (observe_) observe_(value, at(id));
    }
    findLastUses();
  }

  Tensor& at(ValueId id) { return tensors_.at(static_cast<std::size_t>(id)); }

  /// Nodes [first, last), all in loop `repeat` or in loops inside it.
  void run(std::size_t first, std::size_t last, int repeat) {
    for (std::size_t n = first; n < last;) {
      const int inner = loopInside(graph_.nodes[n].repeat, repeat);
      if (inner == repeat) {
        evaluate(graph_.nodes[n]);
        if (repeat < 0) drop(n, n + 1);
        ++n;
        continue;
      }
      const std::size_t end = graph_.endOf(inner, n);
      runLoop(n, end, inner);
      if (repeat < 0) drop(n, end);
      n = end;
    }
  }

  /// The value as a graph output: a constant, too, can be one.
  Tensor output(ValueId id) {
    if (!graph_.isConstant(id)) return at(id);
    Tensor made;
    return *constant(id, made);
  }

 private:
  static void check(const Value& value, const Tensor& tensor) {
    if (tensor.type() == value.type && tensor.shape() == value.shape) return;
    throw BadInput("input '" + value.name + "' is " + std::string(name(tensor.type())) + " " +
                   toString(tensor.shape()) + ", the network takes " +
                   std::string(name(value.type)) + " " + toString(value.shape));
  }

  /// A dense constant as it is; a symbolic one made in `made`.
  const Tensor* constant(ValueId id, Tensor& made) const {
    const Value& value = graph_.value(id);
    const Tensor* dense = value.constant->dense.get();
    if (dense != nullptr && dense->type() == value.type && dense->shape() == value.shape) {
      return dense;
    }
    made = value.constant->materialize(value.type, value.shape);
    return &made;
  }

  /// The outermost loop inside `outer` that `repeat` is in; `outer` itself when it is that.
  int loopInside(int repeat, int outer) const {
    int inner = repeat;
    while (repeat != outer) {
      inner = repeat;
      repeat = graph_.repeats[static_cast<std::size_t>(repeat)].parent;
    }
    return inner;
  }

  void runLoop(std::size_t first, std::size_t last, int loop) {
    const Repeat& repeat = graph_.repeats[static_cast<std::size_t>(loop)];
    if (repeat.condition != kNoValue && (output(repeat.condition).at(0) != 0) != repeat.runsIf) {
      return;
    }
    std::int64_t& pass = pass_[static_cast<std::size_t>(loop)];
    for (pass = 0; pass < repeat.passes; ++pass) run(first, last, loop);
  }

  void evaluate(const Node& node) {
    std::vector<Tensor> constants(node.inputs.size());
    std::vector<const Tensor*> inputs(node.inputs.size(), nullptr);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue) continue;
      inputs[i] = graph_.isConstant(id) ? constant(id, constants[i]) : &at(id);
    }
    std::visit([&](const auto& op) { evaluateAs(op, node, inputs); }, node.operation);
    if (observe_) observe_(graph_.value(node.output), at(node.output));
  }

  using Inputs = std::vector<const Tensor*>;

  template <typename Op>
  void evaluateAs(const Op&, const Node& node, const Inputs& inputs) {
    at(node.output) = evaluateNode(graph_, node, inputs);
  }
  void evaluateAs(const Take& op, const Node& node, const Inputs& inputs) {
    at(node.output) = partOf(*inputs[0], part(node, op.reverse));
  }
  void evaluateAs(const Carried&, const Node& node, const Inputs& inputs) {
    at(node.output) = *inputs[part(node, false) == 0 ? 0 : 1];
  }
  void evaluateAs(const Collect& op, const Node& node, const Inputs& inputs) {
    Tensor& whole = at(node.output);
    const Value& value = graph_.value(node.output);
    if (whole.shape() != value.shape) whole = Tensor(value.type, value.shape);
    setPart(whole, part(node, op.reverse), *inputs[0]);
  }
  void evaluateAs(const Merge&, const Node& node, const Inputs& inputs) {
    at(node.output) = *inputs[inputs[0]->at(0) != 0 ? 1 : 2];
  }

  /// The part that belongs to this pass of a node's loop.
  std::int64_t part(const Node& node, bool reverse) const {
    const auto loop = static_cast<std::size_t>(node.repeat);
    return reverse ? graph_.repeats.at(loop).passes - 1 - pass_[loop] : pass_.at(loop);
  }

  /// For each value the index of the last node that reads it.
  void findLastUses() {
    lastUse_.assign(graph_.values.size(), -1);
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      for (const ValueId id : graph_.nodes[n].inputs) use(id, n);
      for (int loop = graph_.nodes[n].repeat; loop >= 0;) {
        const Repeat& repeat = graph_.repeats[static_cast<std::size_t>(loop)];
        use(repeat.condition, n);
        loop = repeat.parent;
      }
    }
    for (const ValueId id : graph_.outputs) use(id, graph_.nodes.size());
  }
  void use(ValueId id, std::size_t node) {
    if (id != kNoValue) lastUse_.at(static_cast<std::size_t>(id)) = static_cast<int>(node);
  }

  /// Frees what nothing after nodes [first, last) reads.
  void drop(std::size_t first, std::size_t last) {
    for (std::size_t n = first; n < last; ++n) {
      for (const ValueId id : graph_.nodes[n].inputs) {
        const bool done =
            id != kNoValue && lastUse_[static_cast<std::size_t>(id)] < static_cast<int>(last);
        if (done) at(id) = Tensor();
      }
    }
  }

  const Graph& graph_;
  const Observer& observe_;
  std::vector<Tensor> tensors_;
  std::vector<std::int64_t> pass_;  ///< of each loop
  std::vector<int> lastUse_;
};

}  // namespace

std::vector<Tensor> evaluate(const Graph& graph, const std::map<std::string, Tensor>& inputs) {
  return evaluate(graph, inputs, {});
}

std::vector<Tensor> evaluate(const Graph& graph, const std::map<std::string, Tensor>& inputs,
                             const Observer& observe) {
  Values values(graph, inputs, observe);
  values.run(0, graph.nodes.size(), -1);
  std::vector<Tensor> outputs;
  for (const ValueId id : graph.outputs) outputs.push_back(values.output(id));
  return outputs;
}

}  // namespace npusim
