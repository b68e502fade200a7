#include "tests/end_to_end/random_graph.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/end_to_end/graph_builder.h"
#include "tests/end_to_end/random_remap.h"

namespace npusim::end_to_end {
namespace {

constexpr std::int64_t kMostElements = 700;  ///< of a value: larger results are drawn again

class Maker {
 public:
  explicit Maker(Random& random) : random_(random) {}

  Graph make() {
    values_.push_back(builder_.input(shape()));
    for (std::int64_t left = random_.integer(1, 5); left > 0; --left) grow();
    Graph graph = builder_.graph();
    const auto consumers = graph.consumers();
    for (const Node& node : graph.nodes) {
      const bool read = !consumers[static_cast<std::size_t>(node.output)].empty();
      if (!read || random_.once(6)) graph.outputs.push_back(node.output);
    }
    graph.removeDead();
    return graph;
  }

 private:
  using Kind = ValueId (Maker::*)(ValueId);

  Shape shape() {
    const std::int64_t rank = random_.among<std::int64_t>({1, 2, 3, 3, 4, 4, 4, 4});
    Shape made;
    for (std::int64_t d = 0; d < rank; ++d) made.push_back(random_.integer(1, rank > 2 ? 8 : 20));
    if (rank > 2) made[0] = random_.integer(1, 2);
    return elementCount(made) <= kMostElements ? made : shape();
  }

  /// Adds one operation on a random value; kinds that do not fit its shape are drawn again.
  void grow() {
    static const std::vector<Kind> kinds = {
        &Maker::convolution, &Maker::convolution, &Maker::convolution, &Maker::matMul,
        &Maker::matMul,      &Maker::pool,        &Maker::pool,        &Maker::reduce,
        &Maker::softmax,     &Maker::localNorm,   &Maker::activation,  &Maker::activation,
        &Maker::arithmetic,  &Maker::arithmetic,  &Maker::arithmetic,  &Maker::remap,
        &Maker::remap,       &Maker::concat,      &Maker::transpose,   &Maker::reshape,
        &Maker::gather};
    for (;;) {
      const Graph before = builder_.graph();
      const ValueId made = (this->*random_.among(kinds))(random_.among(values_));
      if (made != kNoValue && elementCount(builder_.shape(made)) <= kMostElements) {
        values_.push_back(made);
        return;
      }
      builder_.graph() = before;
    }
  }

  // --- Each adds one operation to value x, or gives kNoValue when x has no fitting shape. ---

  ValueId convolution(ValueId x) {
    const Shape in = builder_.shape(x);
    if (in.size() < 3) return kNoValue;
    Convolution op;
    Shape weights = {0, 0};
    std::vector<std::int64_t> divisors;
    for (std::int64_t g = 1; g <= in[1]; ++g) {
      if (in[1] % g == 0) divisors.push_back(g);
    }
    op.groups = random_.once(2) ? 1 : random_.among(divisors);
    weights[1] = in[1] / op.groups;
    weights[0] = op.groups * random_.integer(1, op.groups == 1 ? 12 : 3);
    for (std::size_t d = 2; d < in.size(); ++d) {
      weights.push_back(random_.integer(1, std::min<std::int64_t>(4, in[d] + 1)));
      addWindow(op, weights.back());
      const std::int64_t reach = op.dilations.back() * (weights.back() - 1) + 1;
      if (in[d] + op.padsBegin.back() + op.padsEnd.back() < reach) return kNoValue;
    }
    const auto fanIn = static_cast<double>(elementCount(weights) / weights[0]);
    std::vector<ValueId> inputs = {
        x, builder_.constant(random_.floats(weights, std::sqrt(3 / fanIn))), kNoValue};
    if (random_.once(2)) inputs[2] = builder_.constant(random_.floats({weights[0]}, 0.5));
    return builder_.add(op, inputs);
  }

  template <typename Op>
  void addWindow(Op& op, std::int64_t kernel) {
    op.strides.push_back(random_.among<std::int64_t>({1, 1, 2, 3}));
    op.dilations.push_back(random_.among<std::int64_t>({1, 1, 1, 2}));
    op.padsBegin.push_back(random_.integer(0, kernel - 1));
    op.padsEnd.push_back(random_.integer(0, kernel - 1));
  }

  ValueId matMul(ValueId x) {
    const Shape a = builder_.shape(x);
    if (a.empty()) return kNoValue;
    if (random_.once(5)) return a.size() < 2 ? kNoValue : builder_.add(MatMul{true}, {x, x});
    const std::int64_t k = a.back();
    const std::int64_t n = random_.integer(1, 12);
    MatMul op{random_.once(2)};
    Shape b = op.transposeB ? Shape{n, k} : Shape{k, n};
    const bool runTime = random_.once(2);
    if (a.size() > 2 && random_.once(2)) {
      b.insert(b.begin(), a.end() - 3, a.end() - 2);
      if (a.size() > 3 && runTime) b.insert(b.begin(), a[0]);
    } else if (random_.once(5)) {
      b = {k};
      op.transposeB = false;
    }
    std::vector<ValueId> inputs = {x, kNoValue};
    inputs[1] = runTime
                    ? builder_.input(b)
                    : builder_.constant(random_.floats(b, 1 / std::sqrt(static_cast<double>(k))));
    if (b.size() == 2 && random_.once(2)) {
      inputs.push_back(builder_.constant(random_.floats({n}, 0.5)));
    }
    return builder_.add(op, inputs);
  }

  ValueId pool(ValueId x) {
    const Shape in = builder_.shape(x);
    if (in.size() < 3) return kNoValue;
    Pool op;
    op.kind = random_.once(2) ? ReduceOp::Max : ReduceOp::Mean;
    op.countPadding = op.kind == ReduceOp::Mean && random_.once(2);
    const bool ceil = random_.once(2);
    for (std::size_t d = 2; d < in.size(); ++d) {
      op.kernel.push_back(random_.integer(1, 4));
      addWindow(op, op.kernel.back());
      const std::int64_t padded = in[d] + op.padsBegin.back() + op.padsEnd.back();
      const std::int64_t rest = padded - op.dilations.back() * (op.kernel.back() - 1) - 1;
      if (rest < 0) return kNoValue;
      const std::int64_t stride = op.strides.back();
      std::int64_t size = rest / stride + 1;
      // As ONNX: rounding up adds a window only if it starts on the input or the padding before it.
      const bool starts = size * stride < in[d] + op.padsBegin.back();
      if (ceil && rest % stride != 0 && starts) ++size;
      op.outputSpatial.push_back(size);
      const bool full = everyWindowHoldsAValue(op, d - 2, in[d]);
      if (op.kind == ReduceOp::Max && !full) return kNoValue;
    }
    return builder_.add(op, {x});
  }

  static bool everyWindowHoldsAValue(const Pool& op, std::size_t d, std::int64_t extent) {
    for (std::int64_t out = 0; out < op.outputSpatial[d]; ++out) {
      bool holds = false;
      for (std::int64_t tap = 0; tap < op.kernel[d]; ++tap) {
        const std::int64_t at = out * op.strides[d] - op.padsBegin[d] + tap * op.dilations[d];
        holds = holds || (at >= 0 && at < extent);
      }
      if (!holds) return false;
    }
    return true;
  }

  ValueId reduce(ValueId x) {
    Reduce op;
    op.kind =
        random_.among<ReduceOp>({ReduceOp::Mean, ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min});
    op.keepDims = random_.once(2);
    const auto rank = static_cast<int>(builder_.shape(x).size());
    for (int axis = 0; axis < rank; ++axis) {
      if (random_.once(2)) op.axes.push_back(axis);
    }
    if (op.axes.empty()) return kNoValue;
    return builder_.add(op, {x});
  }

  ValueId softmax(ValueId x) {
    const auto rank = static_cast<std::int64_t>(builder_.shape(x).size());
    if (rank == 0) return kNoValue;
    return builder_.add(Softmax{static_cast<int>(random_.integer(0, rank - 1))}, {x});
  }

  ValueId localNorm(ValueId x) {
    if (builder_.shape(x).size() < 3) return kNoValue;
    return builder_.add(LocalResponseNorm{random_.integer(1, 5), 0.5F, 0.75F, 1.5F}, {x});
  }

  /// A function, or a few whose chain stays where small errors stay small.
  ValueId activation(ValueId x) {
    struct Call {
      ElementOp op;
      float alpha = 0, beta = 0;
    };
    static const std::vector<std::vector<Call>> chains = {
        {{ElementOp::Relu}},
        {{ElementOp::LeakyRelu, 0.1F}},
        {{ElementOp::Clip, -0.5F, 0.75F}},
        {{ElementOp::Sigmoid}},
        {{ElementOp::HardSigmoid, 0.2F, 0.5F}},
        {{ElementOp::HardSwish}},
        {{ElementOp::Gelu}},
        {{ElementOp::GeluTanh}},
        {{ElementOp::Swish, 1.702F}},
        {{ElementOp::Erf}, {ElementOp::Square}},
        {{ElementOp::Tanh}, {ElementOp::Exp}, {ElementOp::Log}},
        {{ElementOp::Neg}, {ElementOp::Sigmoid}, {ElementOp::Sqrt}, {ElementOp::Relu}},
        {{ElementOp::Tanh}, {ElementOp::Exp}, {ElementOp::Reciprocal}, {ElementOp::Abs}},
    };
    for (const Call& call : random_.among(chains)) {
      x = builder_.unary(x, call.op, call.alpha, call.beta);
    }
    return x;
  }

  /// A shape that broadcasts with `shape`: some leading dimensions gone, some extents 1.
  Shape broadcastable(Shape shape) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    shape.erase(shape.begin(), shape.begin() + (random_.once(3) ? random_.integer(0, rank) : 0));
    for (std::int64_t& extent : shape) {
      if (random_.once(3)) extent = 1;
    }
    return shape;
  }

  ValueId operand(const Shape& shape) {
    for (const ValueId id : values_) {
      if (builder_.shape(id) == shape && random_.once(2)) return id;
    }
    return random_.once(3) ? builder_.input(shape) : builder_.constant(random_.floats(shape, 1));
  }

  ValueId arithmetic(ValueId x) {
    const Shape whole = builder_.shape(x);
    switch (random_.integer(0, 9)) {
      case 0: {
        Tensor divisor = random_.floats(broadcastable(whole), 0.5);
        for (float& d : divisor.as<float>()) d += d < 0 ? -0.5F : 0.5F;
        return builder_.binary(x, ElementOp::Div, builder_.constant(std::move(divisor)));
      }
      case 1: {
        const ValueId power = builder_.constant(random_.floats({}, 2));
        const ValueId base = builder_.unary(builder_.unary(x, ElementOp::Tanh), ElementOp::Exp);
        return builder_.binary(base, ElementOp::Pow, power);
      }
      case 2: {  // x is the smaller one: its result takes the operand's shape
        Shape larger = whole;
        if (larger.size() < 4) larger.insert(larger.begin(), random_.integer(1, 3));
        for (std::int64_t& extent : larger) extent = extent == 1 ? random_.integer(1, 4) : extent;
        return builder_.binary(x, ElementOp::Add, operand(larger));
      }
      default:
        break;
    }
    const auto op =
        random_.among<ElementOp>({ElementOp::Add, ElementOp::Add, ElementOp::Sub, ElementOp::Mul,
                                  ElementOp::Max, ElementOp::Min, ElementOp::PRelu});
    const bool reversed = op == ElementOp::Sub && random_.once(2);
    return builder_.binary(x, op, operand(random_.once(2) ? whole : broadcastable(whole)),
                           reversed);
  }

  ValueId remap(ValueId x) { return builder_.add(randomRemap(random_, builder_.shape(x)), {x}); }

  ValueId concat(ValueId x) {
    const Shape whole = builder_.shape(x);
    if (whole.empty()) return kNoValue;
    const auto axis =
        static_cast<std::size_t>(random_.integer(0, static_cast<std::int64_t>(whole.size()) - 1));
    std::vector<ValueId> parts = {x};
    for (std::int64_t left = random_.integer(1, 3); left > 0; --left) {
      Shape part = whole;
      if (random_.once(2)) part[axis] = random_.integer(1, 4);
      parts.push_back(random_.once(4) ? x : operand(part));
      if (random_.once(3)) std::swap(parts.front(), parts.back());
    }
    return builder_.add(Concat{static_cast<int>(axis)}, parts);
  }

  ValueId transpose(ValueId x) {
    std::vector<int> order(builder_.shape(x).size());
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i) {
      const auto other = random_.integer(0, static_cast<std::int64_t>(i) - 1);
      std::swap(order[i - 1], order[static_cast<std::size_t>(other)]);
    }
    return builder_.add(Transpose{order}, {x});
  }

  /// Joins two neighbouring dimensions, splits one, or adds one of extent 1.
  ValueId reshape(ValueId x) {
    Shape shape = builder_.shape(x);
    if (shape.empty()) return builder_.add(Reshape{{1}}, {x});
    const auto rank = static_cast<std::int64_t>(shape.size());
    const auto at = random_.integer(0, rank - 1);
    std::int64_t& extent = shape[static_cast<std::size_t>(at)];
    if (rank > 1 && random_.once(2)) {
      const auto gone = shape.begin() + (at == 0 ? 1 : at - 1);
      extent *= *gone;
      shape.erase(gone);
    } else if (rank < 4) {
      const std::int64_t part = extent % 2 == 0 ? 2 : extent % 3 == 0 ? 3 : 1;
      extent /= part;
      shape.insert(shape.begin() + random_.integer(at, at + 1), part);
    }
    return builder_.add(Reshape{shape}, {x});
  }

  ValueId gather(ValueId x) {
    const Shape whole = builder_.shape(x);
    if (whole.empty() || whole.size() > 3) return kNoValue;
    const auto axis = random_.integer(0, static_cast<std::int64_t>(whole.size()) - 1);
    Shape indices;
    for (std::int64_t left = random_.integer(0, 2); left > 0; --left) {
      indices.push_back(random_.integer(1, 4));
    }
    const DataType type = random_.once(2) ? DataType::Int64 : DataType::Int32;
    return builder_.add(Gather{static_cast<int>(axis)}, {x, builder_.input(indices, type)});
  }

  Random& random_;
  GraphBuilder builder_;
  std::vector<ValueId> values_;
};

}  // namespace

Graph randomGraph(Random& random) { return Maker(random).make(); }

std::map<std::string, Tensor> randomInputs(Random& random, const Graph& graph) {
  std::map<std::string, std::int64_t> least;  // extent that an input's indices must stay inside
  for (const Node& node : graph.nodes) {
    const auto* gather = std::get_if<Gather>(&node.operation);
    if (gather == nullptr) continue;
    least[graph.value(node.inputs[1]).name] =
        graph.value(node.inputs[0]).shape[static_cast<std::size_t>(gather->axis)];
  }
  std::map<std::string, Tensor> inputs;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    Tensor tensor = random.floats(value.shape, 1);
    if (isInteger(value.type)) {
      tensor = Tensor(value.type, value.shape);
      for (std::int64_t i = 0; i < tensor.size(); ++i) {
        const std::int64_t extent = least.at(value.name);
        tensor.set(i, static_cast<double>(random.integer(-extent, extent - 1)));
      }
    }
    inputs[value.name] = std::move(tensor);
  }
  return inputs;
}

}  // namespace npusim::end_to_end
