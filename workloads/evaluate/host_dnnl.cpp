#include "workloads/evaluate/host_dnnl.h"

#include <algorithm>
#include <chrono>
#include <dnnl.hpp>
#include <functional>
#include <optional>
#include <thread>
#include <unordered_map>

#include "workloads/evaluate/evaluate.h"

namespace npusim {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;

constexpr dnnl::prop_kind kInference = dnnl::prop_kind::forward_inference;

/// An fp32 description in row-major order; a scalar has one dimension.
memory::desc plainDesc(const Shape& shape) {
  const Shape dims = shape.empty() ? Shape{1} : shape;
  return {dims, memory::data_type::f32, rowMajorStrides(dims)};
}

/// An fp32 description whose layout oneDNN chooses.
memory::desc anyDesc(const Shape& shape) {
  return {shape, memory::data_type::f32, memory::format_tag::any};
}

/// The shape with leading ones up to `rank` dimensions.
Shape raised(Shape shape, std::size_t rank) {
  shape.insert(shape.begin(), rank - std::min(rank, shape.size()), 1);
  return shape;
}

Shape minusOne(Shape dilations) {
  for (std::int64_t& dilation : dilations) --dilation;
  return dilations;
}

/// What oneDNN calls a step: eltwise for unary ones, binary for those with an operand.
struct StepKind {
  ElementOp op;
  algorithm kind;
  bool commutes = false;
};

constexpr StepKind kSteps[] = {
    {ElementOp::Relu, algorithm::eltwise_relu},
    {ElementOp::LeakyRelu, algorithm::eltwise_relu},
    {ElementOp::Clip, algorithm::eltwise_clip},
    {ElementOp::Sigmoid, algorithm::eltwise_logistic},
    {ElementOp::HardSwish, algorithm::eltwise_hardswish},
    {ElementOp::Tanh, algorithm::eltwise_tanh},
    {ElementOp::Exp, algorithm::eltwise_exp},
    {ElementOp::Log, algorithm::eltwise_log},
    {ElementOp::Sqrt, algorithm::eltwise_sqrt},
    {ElementOp::Gelu, algorithm::eltwise_gelu_erf},
    {ElementOp::GeluTanh, algorithm::eltwise_gelu_tanh},
    {ElementOp::Swish, algorithm::eltwise_swish},
    {ElementOp::Add, algorithm::binary_add, true},
    {ElementOp::Sub, algorithm::binary_sub},
    {ElementOp::Mul, algorithm::binary_mul, true},
    {ElementOp::Div, algorithm::binary_div},
    {ElementOp::Max, algorithm::binary_max, true},
    {ElementOp::Min, algorithm::binary_min, true},
};

const StepKind* findStep(const ElementStep& step) {
  const auto* found = std::ranges::find(kSteps, step.op, &StepKind::op);
  const bool usable = found != std::end(kSteps) && (found->commutes || !step.reversed);
  return usable ? found : nullptr;
}

/// alpha and beta as oneDNN's algorithm reads them; only these have parameters.
std::pair<float, float> stepParameters(const ElementStep& step) {
  constexpr ElementOp kRead[] = {ElementOp::LeakyRelu, ElementOp::Clip, ElementOp::Swish};
  if (std::ranges::find(kRead, step.op) == std::end(kRead)) return {0.0f, 0.0f};
  return {step.alpha, step.beta};
}

/// A graph made into a list of actions: oneDNN primitives, reorders and plain evaluations.
class HostNetwork {
 public:
  HostNetwork(const Graph& graph, const std::map<std::string, Tensor>& inputs)
      : graph_(graph),
        engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        plain_(graph.values.size()),
        native_(graph.values.size()) {
    for (const ValueId id : graph.inputs) setInput(id, inputs);
    for (const Node& node : graph.nodes) build(node);
    for (const ValueId id : graph.outputs) plainOf(id);
  }

  void run() {
    for (const std::function<void()>& action : actions_) action();
    stream_.wait();
  }

  void describe(HostRun& run) {
    for (const ValueId id : graph_.outputs) run.outputs.push_back(plainOf(id));
    run.plainNodes = plainNodes_;
  }

 private:
  static std::size_t index(ValueId id) { return static_cast<std::size_t>(id); }
  const Shape& shapeOf(ValueId id) const { return graph_.value(id).shape; }

  void setInput(ValueId id, const std::map<std::string, Tensor>& inputs) {
    const Value& value = graph_.value(id);
    const auto found = inputs.find(value.name);
    const bool fits = found != inputs.end() && found->second.type() == value.type &&
                      found->second.shape() == value.shape;
    if (!fits) {
      throw BadInput("input '" + value.name + "' needs a tensor of " +
                     std::string(name(value.type)) + " " + toString(value.shape));
    }
    plain_[index(id)] = found->second;
  }

  Tensor& plainOf(ValueId id) {
    std::optional<Tensor>& plain = plain_.at(index(id));
    if (plain) return *plain;
    const Value& value = graph_.value(id);
    if (value.constant) return plain.emplace(value.constant->materialize(value.type, value.shape));
    plain.emplace(value.type, value.shape);
    addReorder(native_.at(index(id)).value(), wrap(*plain, value.shape));
    return *plain;
  }

  memory nativeOf(ValueId id) {
    std::optional<memory>& native = native_.at(index(id));
    if (!native) native = wrap(plainOf(id), shapeOf(id));
    return *native;
  }

  memory wrap(Tensor& tensor, const Shape& shape) {
    return {plainDesc(shape), engine_, tensor.bytes().data()};
  }

  void addReorder(memory from, memory to) {
    addPrimitive(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }

  /// `held`, or a copy in the layout `wanted`; a constant's copy is made now.
  memory inLayout(memory held, const memory::desc& wanted, bool constant) {
    if (held.get_desc() == wanted) return held;
    memory copy(wanted, engine_);
    if (constant) {
      dnnl::reorder(held, copy).execute(stream_, held, copy);
      stream_.wait();
    } else {
      addReorder(held, copy);
    }
    return copy;
  }

  void build(const Node& node) {
    const std::size_t before = actions_.size();
    try {
      if (runsOnDnnl(node) && buildNative(node)) return;
    } catch (const dnnl::error& error) {
      // A form that this version of oneDNN has no code for is evaluated plainly.
      if (error.status != dnnl_unimplemented && error.status != dnnl_invalid_arguments) throw;
      actions_.resize(before);
    }
    buildPlain(node);
  }

  bool runsOnDnnl(const Node& node) const {
    const auto real = [&](ValueId id) {
      if (id == kNoValue) return true;
      const Value& value = graph_.value(id);
      return value.type == DataType::Float32 && !value.quantization &&
             elementCount(value.shape) > 0;
    };
    const auto known = [](const ElementStep& step) { return findStep(step) != nullptr; };
    return real(node.output) && std::all_of(node.inputs.begin(), node.inputs.end(), real) &&
           std::all_of(node.steps.begin(), node.steps.end(), known);
  }

  bool buildNative(const Node& node) {
    std::optional<memory> result =
        std::visit([&](const auto& op) { return lower(op, node); }, node.operation);
    if (!result) return false;
    for (std::size_t i = fusedSteps(node); i < node.steps.size(); ++i) {
      result = addStep(*result, node, node.steps[i]);
    }
    native_[index(node.output)] = *result;
    return true;
  }

  void buildPlain(const Node& node) {
    std::vector<const Tensor*> inputs;
    for (const ValueId id : node.inputs) {
      inputs.push_back(id == kNoValue ? nullptr : &plainOf(id));
    }
    const Value& value = graph_.value(node.output);
    Tensor* out = &plain_.at(index(node.output)).emplace(value.type, value.shape);
    actions_.emplace_back([this, &node, inputs, out] {
      stream_.wait();
      const Tensor result = evaluateNode(graph_, node, inputs);
      std::copy(result.bytes().begin(), result.bytes().end(), out->bytes().begin());
    });
    plainNodes_.push_back(node.name);
  }

  /// One overload for each operation that goes to oneDNN.
  template <typename Other>
  std::optional<memory> lower(const Other&, const Node&) {
    return std::nullopt;
  }

  std::optional<memory> lower(const Elementwise&, const Node& node) {
    const bool stretched = shapeOf(node.inputs[0]) != shapeOf(node.output);
    if (stretched || node.steps.empty() || shapeOf(node.output).empty()) return std::nullopt;
    return nativeOf(node.inputs[0]);
  }

  std::optional<memory> lower(const Convolution& op, const Node& node) {
    Shape weights = shapeOf(node.inputs[1]);
    if (op.groups > 1) {
      weights[0] /= op.groups;
      weights.insert(weights.begin(), op.groups);
    }
    const memory::desc bias = hasBias(node) ? anyDesc(shapeOf(node.inputs[2])) : memory::desc();
    const dnnl::convolution_forward::desc desc(kInference, algorithm::convolution_auto,
                                               anyDesc(shapeOf(node.inputs[0])), anyDesc(weights),
                                               bias, anyDesc(shapeOf(node.output)), op.strides,
                                               minusOne(op.dilations), op.padsBegin, op.padsEnd);
    const dnnl::convolution_forward::primitive_desc made(desc, fusedAttributes(node), engine_);
    const memory w = wrap(plainOf(node.inputs[1]), weights);
    return addProduct(dnnl::convolution_forward(made), made, node,
                      inLayout(nativeOf(node.inputs[0]), made.src_desc(), false),
                      inLayout(w, made.weights_desc(), graph_.isConstant(node.inputs[1])));
  }

  std::optional<memory> lower(const MatMul& op, const Node& node) {
    const std::size_t rank = shapeOf(node.output).size();
    Shape a = shapeOf(node.inputs[0]), b = shapeOf(node.inputs[1]);
    if (a.size() < 2 || b.size() < 2) return std::nullopt;
    a = raised(a, rank);
    b = raised(b, rank);
    Shape strides = rowMajorStrides(b);
    if (op.transposeB) {
      std::swap(b[rank - 1], b[rank - 2]);
      std::swap(strides[rank - 1], strides[rank - 2]);
    }
    const memory::desc held(b, memory::data_type::f32, strides);
    const bool constant = graph_.isConstant(node.inputs[1]);
    const memory::desc bias =
        hasBias(node) ? plainDesc(raised(shapeOf(node.inputs[2]), rank)) : memory::desc();
    const dnnl::matmul::desc desc(plainDesc(a), constant ? anyDesc(b) : held, bias,
                                  plainDesc(shapeOf(node.output)));
    const dnnl::matmul::primitive_desc made(desc, fusedAttributes(node), engine_);
    const memory w(held, engine_, plainOf(node.inputs[1]).bytes().data());
    return addProduct(dnnl::matmul(made), made, node, wrap(plainOf(node.inputs[0]), a),
                      inLayout(w, made.weights_desc(), constant));
  }

  std::optional<memory> lower(const Pool& op, const Node& node) {
    const Shape& x = shapeOf(node.inputs[0]);
    Shape padsEnd = op.padsEnd;
    for (std::size_t d = 0; d < padsEnd.size(); ++d) {
      const std::int64_t reach = op.dilations[d] * (op.kernel[d] - 1) + 1;
      const std::int64_t last = (op.outputSpatial[d] - 1) * op.strides[d] + reach;
      padsEnd[d] = std::max(padsEnd[d], last - x[d + 2] - op.padsBegin[d]);
    }
    const bool clipped = padsEnd != op.padsEnd;  // oneDNN would count what is past the padding
    if (clipped && op.countPadding) return std::nullopt;
    const algorithm kind = op.kind == ReduceOp::Max ? algorithm::pooling_max
                           : op.countPadding        ? algorithm::pooling_avg_include_padding
                                                    : algorithm::pooling_avg_exclude_padding;
    const memory source = nativeOf(node.inputs[0]);
    const dnnl::pooling_v2_forward::desc desc(kInference, kind, source.get_desc(),
                                              anyDesc(shapeOf(node.output)), op.strides, op.kernel,
                                              minusOne(op.dilations), op.padsBegin, padsEnd);
    const dnnl::pooling_v2_forward::primitive_desc made(desc, engine_);
    return addUnary(dnnl::pooling_v2_forward(made), source, made.dst_desc());
  }

  std::optional<memory> lower(const Reduce& op, const Node& node) {
    if (!op.keepDims || (op.kind != ReduceOp::Mean && op.kind != ReduceOp::Max)) {
      return std::nullopt;
    }
    const bool mean = op.kind == ReduceOp::Mean;
    const memory source = nativeOf(node.inputs[0]);
    const dnnl::reduction::desc desc(mean ? algorithm::reduction_mean : algorithm::reduction_max,
                                     source.get_desc(), anyDesc(shapeOf(node.output)), 0, 0);
    const dnnl::reduction::primitive_desc made(desc, engine_);
    return addUnary(dnnl::reduction(made), source, made.dst_desc());
  }

  static bool hasBias(const Node& node) {
    return node.inputs.size() > 2 && node.inputs[2] != kNoValue;
  }

  /// Leading unary steps ride along in convolutions and products.
  static std::size_t fusedSteps(const Node& node) {
    const bool product = std::holds_alternative<Convolution>(node.operation) ||
                         std::holds_alternative<MatMul>(node.operation);
    std::size_t count = 0;
    while (product && count < node.steps.size() && !isBinary(node.steps[count].op)) ++count;
    return count;
  }

  static dnnl::primitive_attr fusedAttributes(const Node& node) {
    dnnl::post_ops fused;
    for (std::size_t i = 0; i < fusedSteps(node); ++i) {
      const auto [alpha, beta] = stepParameters(node.steps[i]);
      fused.append_eltwise(1.0f, findStep(node.steps[i])->kind, alpha, beta);
    }
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(fused);
    return attributes;
  }

  void addPrimitive(dnnl::primitive primitive, Arguments arguments) {
    actions_.emplace_back(
        [this, primitive = std::move(primitive), arguments = std::move(arguments)] {
          primitive.execute(stream_, arguments);
        });
  }

  memory addUnary(dnnl::primitive primitive, memory source, const memory::desc& result) {
    memory out(result, engine_);
    addPrimitive(std::move(primitive), {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, out}});
    return out;
  }

  template <typename Made>
  memory addProduct(dnnl::primitive primitive, const Made& made, const Node& node, memory x,
                    memory w) {
    memory out(made.dst_desc(), engine_);
    Arguments arguments{{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, out}};
    if (hasBias(node)) {
      const Shape shape = made.bias_desc().dims();
      arguments[DNNL_ARG_BIAS] = inLayout(wrap(plainOf(node.inputs[2]), shape), made.bias_desc(),
                                          graph_.isConstant(node.inputs[2]));
    }
    addPrimitive(std::move(primitive), std::move(arguments));
    return out;
  }

  memory addStep(memory x, const Node& node, const ElementStep& step) {
    const algorithm kind = findStep(step)->kind;
    if (!isBinary(step.op)) {
      const auto [alpha, beta] = stepParameters(step);
      const dnnl::eltwise_forward::desc desc(kInference, kind, x.get_desc(), alpha, beta);
      return addUnary(dnnl::eltwise_forward({desc, engine_}), x, x.get_desc());
    }
    const ValueId id = node.inputs.at(static_cast<std::size_t>(step.operand));
    const std::size_t rank = shapeOf(node.output).size();
    const memory operand =
        shapeOf(id).size() == rank ? nativeOf(id) : wrap(plainOf(id), raised(shapeOf(id), rank));
    memory out(x.get_desc(), engine_);
    const dnnl::binary::desc desc(kind, x.get_desc(), operand.get_desc(), out.get_desc());
    addPrimitive(dnnl::binary({desc, engine_}),
                 {{DNNL_ARG_SRC_0, x}, {DNNL_ARG_SRC_1, operand}, {DNNL_ARG_DST, out}});
    return out;
  }

  const Graph& graph_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<std::optional<Tensor>> plain_;   ///< by value: row-major
  std::vector<std::optional<memory>> native_;  ///< by value: in oneDNN's layout
  std::vector<std::function<void()>> actions_;
  std::vector<std::string> plainNodes_;
};

double timed(HostNetwork& network) {
  const auto start = std::chrono::steady_clock::now();
  network.run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

HostRun runOnHost(const Graph& graph, const std::map<std::string, Tensor>& inputs,
                  int repetitions) {
  try {
    HostNetwork network(graph, inputs);
    timed(network);
    HostRun result;
    result.seconds = timed(network);
    for (int i = 1; i < repetitions; ++i) result.seconds = std::min(result.seconds, timed(network));
    network.describe(result);
    result.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    return result;
  } catch (const dnnl::error& error) {
    throw InternalError(std::string("oneDNN: ") + error.what());
  }
}

}  // namespace npusim
