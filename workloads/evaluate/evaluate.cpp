#include "workloads/evaluate/evaluate.h"

#include <algorithm>
#include <type_traits>

#include "workloads/evaluate/operations.h"

namespace npusim {
namespace {

/// A node with the tensors it reads.
struct Evaluation {
  const Graph& graph;
  const Node& node;
  const std::vector<const Tensor*>& inputs;

  bool has(std::size_t i) const { return i < node.inputs.size() && node.inputs[i] != kNoValue; }
  const Value& value(std::size_t i) const { return graph.value(node.inputs.at(i)); }
  const Value& output() const { return graph.value(node.output); }

  const Tensor& tensor(std::size_t i) const {
    ensure(has(i) && i < inputs.size() && inputs[i] != nullptr, "evaluate: missing input");
    const Tensor& found = *inputs[i];
    ensure(found.type() == value(i).type && found.shape() == value(i).shape,
           "evaluate: input of another type or shape than its value");
    return found;
  }

  template <typename T>
  Array<T> load(std::size_t i) const {
    if constexpr (std::is_same_v<T, float>) return loadReal(tensor(i), value(i).quantization);
    return loadPlain<T>(tensor(i));
  }

  template <typename T>
  std::optional<Array<T>> loadOptional(std::size_t i) const {
    if (!has(i)) return std::nullopt;
    return load<T>(i);
  }

  template <typename T>
  std::vector<Array<T>> loadAll() const {
    std::vector<Array<T>> arrays;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) arrays.push_back(load<T>(i));
    return arrays;
  }
};

bool isReal(const Value& value) { return isFloat(value.type) || value.quantization.has_value(); }

bool computesReals(const Evaluation& e) {
  bool real = isReal(e.output());
  for (std::size_t i = 0; i < e.node.inputs.size(); ++i) real |= e.has(i) && isReal(e.value(i));
  return real;
}

bool isQuantizedProduct(const Evaluation& e) {
  const bool product = std::holds_alternative<Convolution>(e.node.operation) ||
                       std::holds_alternative<MatMul>(e.node.operation);
  return product && e.value(0).quantization && e.value(1).quantization;
}

/// One overload for each operation, in the arithmetic of T.
template <typename T>
struct Apply {
  const Evaluation& e;

  Array<T> operator()(const Convolution& op) const {
    return convolve(op, e.load<T>(0), e.load<T>(1), e.loadOptional<T>(2));
  }
  Array<T> operator()(const MatMul& op) const {
    return multiplyMatrices(op, e.load<T>(0), e.load<T>(1), e.loadOptional<T>(2));
  }
  Array<T> operator()(const Elementwise&) const { return e.load<T>(0); }
  Array<T> operator()(const Pool& op) const { return pool(op, e.load<T>(0)); }
  Array<T> operator()(const Reduce& op) const { return reduce(op, e.load<T>(0)); }
  Array<T> operator()(const Softmax& op) const { return reals(op, softmax); }
  Array<T> operator()(const LocalResponseNorm& op) const { return reals(op, normalize); }
  Array<T> operator()(const Remap& op) const { return remap(op, e.load<T>(0)); }
  Array<T> operator()(const Reshape& op) const { return e.load<T>(0).reshaped(op.shape); }
  Array<T> operator()(const Transpose& op) const { return transpose(op, e.load<T>(0)); }
  Array<T> operator()(const Concat& op) const { return concat(op, e.loadAll<T>()); }
  Array<T> operator()(const Gather& op) const {
    return gather(op, e.load<T>(0), e.load<std::int64_t>(1));
  }

 private:
  /// Operations that only reals have.
  template <typename Op, typename Function>
  Array<T> reals(const Op& op, Function function) const {
    if constexpr (std::is_same_v<T, float>) {
      return function(op, e.load<float>(0));
    } else {
      throw BadInput(std::string(name(Operation(op))) +
                     " is not defined for integers; cast its input to a float type");
    }
  }
};

/// The int32 sums of a quantised product, as reals.
Array<float> quantizedProduct(const Evaluation& e) {
  const Quantization& x = *e.value(0).quantization;
  const Quantization& w = *e.value(1).quantization;
  ensure(x.scales.size() == 1, "evaluate: activations have one scale");
  const Array<std::int32_t> sums = [&] {
    Array<std::int32_t> a = loadCentered(e.tensor(0), x);
    Array<std::int32_t> b = loadCentered(e.tensor(1), w);
    const std::optional<Array<std::int32_t>> bias = e.loadOptional<std::int32_t>(2);
    if (const auto* op = std::get_if<Convolution>(&e.node.operation)) {
      return convolve(*op, a, b, bias);
    }
    return multiplyMatrices(std::get<MatMul>(e.node.operation), std::move(a), std::move(b), bias);
  }();

  const bool convolution = std::holds_alternative<Convolution>(e.node.operation);
  const std::size_t axis = convolution ? 1 : sums.shape().size() - 1;  // of the output channels
  const auto channels = static_cast<std::int64_t>(w.scales.size());
  ensure(channels == 1 || (axis < sums.shape().size() && sums.dim(axis) == channels),
         "evaluate: weight scales do not match the output channels");
  const std::int64_t run = channels == 1 ? 1 : rowMajorStrides(sums.shape())[axis];
  Array<float> reals(sums.shape());
  float* out = reals.own();
  for (std::int64_t i = 0; i < sums.size(); ++i) {
    const float scale = x.scales[0] * w.scales[static_cast<std::size_t>(i / run % channels)];
    out[i] = static_cast<float>(sums.data()[i]) * scale;
  }
  return reals;
}

/// The node's steps on the operation's result, then its output's type.
template <typename T>
Tensor finish(const Evaluation& e, Array<T> result) {
  Array<T> x = broadcastTo(std::move(result), e.output().shape);
  for (const ElementStep& step : e.node.steps) {
    std::optional<Array<T>> operand;
    if (step.operand >= 0) operand = e.load<T>(static_cast<std::size_t>(step.operand));
    x = applyStep(step, std::move(x), operand ? &*operand : nullptr);
  }
  return store(std::move(x), e.output());
}

template <typename T>
Tensor evaluateAs(const Evaluation& e) {
  return finish<T>(e, std::visit(Apply<T>{e}, e.node.operation));
}

/// Tensors of a graph's values while it is evaluated.
class Values {
 public:
  Values(const Graph& graph, const std::map<std::string, Tensor>& inputs)
      : graph_(graph), tensors_(graph.values.size()) {
    for (const ValueId id : graph.inputs) {
      const Value& value = graph.value(id);
      const auto found = inputs.find(value.name);
      if (found == inputs.end()) throw BadInput("no tensor given for input '" + value.name + "'");
      check(value, found->second);
      at(id) = found->second;
    }
  }

  Tensor& at(ValueId id) { return tensors_.at(static_cast<std::size_t>(id)); }
  std::vector<Tensor> takeAll() { return std::move(tensors_); }

  void evaluate(const Node& node) {
    std::vector<Tensor> constants(node.inputs.size());
    std::vector<const Tensor*> inputs(node.inputs.size(), nullptr);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue) continue;
      inputs[i] = graph_.isConstant(id) ? constant(id, constants[i]) : &at(id);
    }
    at(node.output) = evaluateNode(graph_, node, inputs);
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

  const Graph& graph_;
  std::vector<Tensor> tensors_;
};

/// For each value the index of the last node that reads it, or -1.
std::vector<int> lastUses(const Graph& graph) {
  std::vector<int> last(graph.values.size(), -1);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const ValueId id : graph.nodes[n].inputs) {
      if (id != kNoValue) last.at(static_cast<std::size_t>(id)) = static_cast<int>(n);
    }
  }
  for (const ValueId id : graph.outputs) {
    last.at(static_cast<std::size_t>(id)) = static_cast<int>(graph.nodes.size());
  }
  return last;
}

}  // namespace

Tensor evaluateNode(const Graph& graph, const Node& node,
                    const std::vector<const Tensor*>& inputs) {
  const Evaluation e{graph, node, inputs};
  try {
    if (isQuantizedProduct(e)) return finish<float>(e, quantizedProduct(e));
    return computesReals(e) ? evaluateAs<float>(e) : evaluateAs<std::int64_t>(e);
  } catch (const BadInput& error) {
    throw BadInput("node '" + node.name + "' (" + node.opName + "): " + error.what());
  }
}

std::vector<Tensor> evaluate(const Graph& graph, const std::map<std::string, Tensor>& inputs) {
  Values values(graph, inputs);
  const std::vector<int> last = lastUses(graph);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    values.evaluate(node);
    for (const ValueId id : node.inputs) {
      const bool done = id != kNoValue && last[static_cast<std::size_t>(id)] == static_cast<int>(n);
      if (done) values.at(id) = Tensor();
    }
  }
  std::vector<Tensor> outputs;
  for (const ValueId id : graph.outputs) outputs.push_back(values.output(id));
  return outputs;
}

std::vector<Tensor> evaluateAll(const Graph& graph, const std::map<std::string, Tensor>& inputs) {
  Values values(graph, inputs);
  for (const Node& node : graph.nodes) values.evaluate(node);
  return values.takeAll();
}

}  // namespace npusim
