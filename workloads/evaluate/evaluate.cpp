#include "workloads/evaluate/evaluate.h"

#include <algorithm>
#include <type_traits>

#include "workloads/evaluate/indexing.h"
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

bool hasType(const Evaluation& e, DataType type) {
  bool has = e.output().type == type;
  for (std::size_t i = 0; i < e.node.inputs.size(); ++i) has |= e.has(i) && e.value(i).type == type;
  return has;
}

bool isProduct(const Evaluation& e) {
  return std::holds_alternative<Convolution>(e.node.operation) ||
         std::holds_alternative<MatMul>(e.node.operation);
}

bool isQuantizedProduct(const Evaluation& e) {
  return isProduct(e) && e.value(0).quantization && e.value(1).quantization;
}

/// A product of plain integers that is kept modulo 2^32, and so can be computed so.
bool isNarrowProduct(const Evaluation& e) {
  return isProduct(e) && e.node.steps.empty() && e.output().type == DataType::Int32 &&
         !computesReals(e);
}

template <typename Op, typename... Ops>
concept OneOf = (std::is_same_v<Op, Ops> || ...);

/// One overload for each operation, in the arithmetic of T.
template <typename T>
struct Apply {
  const Evaluation& e;

  Array<T> operator()(const Convolution& op) const {
    return as(convolve(op, e.load<Product>(0), e.load<Product>(1), e.loadOptional<Product>(2)));
  }
  Array<T> operator()(const MatMul& op) const {
    return as(
        multiplyMatrices(op, e.load<Product>(0), e.load<Product>(1), e.loadOptional<Product>(2)));
  }
  Array<T> operator()(const Elementwise&) const { return e.load<T>(0); }
  Array<T> operator()(const Pool& op) const { return pool(op, e.load<T>(0)); }
  Array<T> operator()(const Reduce& op) const { return reduce(op, e.load<T>(0)); }
  Array<T> operator()(const Softmax& op) const { return reals(op, softmax); }
  Array<T> operator()(const LocalResponseNorm& op) const { return reals(op, normalize); }
  Array<T> operator()(const LayerNorm& op) const { return reals(op, normalizeLayer); }
  Array<T> operator()(const Remap& op) const { return remap(op, e.load<T>(0)); }
  Array<T> operator()(const Reshape& op) const { return e.load<T>(0).reshaped(op.shape); }
  Array<T> operator()(const Transpose& op) const { return transpose(op, e.load<T>(0)); }
  Array<T> operator()(const Concat& op) const { return concat(op, e.loadAll<T>()); }
  Array<T> operator()(const Gather& op) const {
    return gather(op, e.load<T>(0), e.load<std::int64_t>(1));
  }
  template <OneOf<Take, Carried, Collect, Merge> Op>
  Array<T> operator()(const Op&) const {
    throw InternalError("evaluate: node '" + e.node.name + "' has no value outside its loop");
  }

 private:
  /// Products of fp64 are computed in fp32; integers, modulo 2^64, have no sign.
  using Product = std::conditional_t<std::is_floating_point_v<T>, float, std::int64_t>;

  template <typename From>
  static Array<T> as(Array<From> computed) {
    if constexpr (std::is_same_v<From, T>) {
      return computed;
    } else {
      Array<T> result(computed.shape());
      std::ranges::transform(computed.values(), result.own(),
                             [](From value) { return static_cast<T>(value); });
      return result;
    }
  }

  /// Operations that only reals have.
  template <typename Op, typename Function>
  Array<T> reals(const Op& op, Function function) const {
    if constexpr (std::is_floating_point_v<T>) {
      return as(function(op, e.load<float>(0)));
    } else {
      throw BadInput(std::string(name(Operation(op))) +
                     " is not defined for integers; cast its input to a float type");
    }
  }
};

/// Sums of a product in T, modulo 2^32 or 2^64.
template <std::integral T>
Array<T> integerProduct(const Evaluation& e, Array<T> a, Array<T> b) {
  const std::optional<Array<T>> bias = e.loadOptional<T>(2);
  if (const auto* op = std::get_if<Convolution>(&e.node.operation)) {
    return convolve(*op, a, b, bias);
  }
  return multiplyMatrices(std::get<MatMul>(e.node.operation), std::move(a), std::move(b), bias);
}

/// Input i (0 or 1) of a product of codes, less its zero points.
Array<std::int32_t> centeredCodes(const Evaluation& e, std::size_t i) {
  Array<std::int32_t> codes = e.load<std::int32_t>(i);
  const std::size_t zero = 3 + i;
  if (!e.has(zero)) return codes;
  const Array<std::int32_t> zeros = e.load<std::int32_t>(zero);
  std::int32_t* values = codes.own();
  auto subtract = [&](std::int64_t offset) { *values++ -= zeros.data()[offset]; };
  forEachOffset(codes.shape(), broadcastStrides(zeros.shape(), codes.shape()), subtract);
  return codes;
}

/// The sums of a quantised product, as reals.
template <std::integral T>
Array<float> quantizedProduct(const Evaluation& e) {
  const Quantization& x = *e.value(0).quantization;
  const Quantization& w = *e.value(1).quantization;
  ensure(x.scales.size() == 1, "evaluate: activations have one scale");
  const Array<T> sums =
      integerProduct(e, loadCentered<T>(e.tensor(0), x), loadCentered<T>(e.tensor(1), w));

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

/// A product of codes with zero points: its sums, or what the steps make of them as reals.
Tensor finishSums(const Evaluation& e) {
  Array<std::int32_t> sums = integerProduct(e, centeredCodes(e, 0), centeredCodes(e, 1));
  if (e.node.steps.empty() && !isReal(e.output())) return store(std::move(sums), e.output());
  Array<float> reals(sums.shape());
  std::ranges::copy(sums.values(), reals.own());
  return finish<float>(e, std::move(reals));
}

template <typename T>
Tensor evaluateAs(const Evaluation& e) {
  return finish<T>(e, std::visit(Apply<T>{e}, e.node.operation));
}

}  // namespace

Tensor evaluateNode(const Graph& graph, const Node& node,
                    const std::vector<const Tensor*>& inputs) {
  const Evaluation e{graph, node, inputs};
  try {
    if (isQuantizedProduct(e)) {
      const bool wide = e.value(0).type == DataType::Int16;  // sums of int16 do not fit in int32
      return finish<float>(
          e, wide ? quantizedProduct<std::int64_t>(e) : quantizedProduct<std::int32_t>(e));
    }
    if (hasZeroPoints(graph, node)) return finishSums(e);
    if (isNarrowProduct(e)) {
      return store(integerProduct(e, e.load<std::int32_t>(0), e.load<std::int32_t>(1)), e.output());
    }
    if (computesReals(e)) {
      return hasType(e, DataType::Float64) ? evaluateAs<double>(e) : evaluateAs<float>(e);
    }
    return hasType(e, DataType::UInt64) ? evaluateAs<std::uint64_t>(e)
                                        : evaluateAs<std::int64_t>(e);
  } catch (const BadInput& error) {
    throw BadInput("node '" + node.name + "' (" + node.opName + "): " + error.what());
  }
}

}  // namespace npusim
