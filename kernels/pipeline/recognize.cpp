#include <algorithm>
#include <numbers>
#include <optional>

#include "kernels/pipeline/passes.h"
#include "kernels/pipeline/recognize_reader.h"

namespace npusim::passes {
namespace {

Expression apply(ElementOp op, const Expression& x, float alpha = 0, float beta = 0) {
  return x.algebra().function({.op = op, .alpha = alpha, .beta = beta}, x);
}

/// What GELU's other form takes the hyperbolic tangent of (Hendrycks and Gimpel 2016).
Expression inner(const Expression& x) {
  constexpr double kScale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  return kScale * (x + 0.044715 * x.power(3));
}

/// Activations that one step computes, as exporters write them out.
struct ActivationForm {
  const char* opName;
  ElementStep step;
  Expression (*formula)(const Expression& x);
};
constexpr ActivationForm kActivations[] = {
    {"Gelu",
     {.op = ElementOp::Gelu},
     [](const Expression& x) {
       return 0.5 * x * (1 + apply(ElementOp::Erf, x * (1 / std::numbers::sqrt2)));
     }},
    {"Gelu",
     {.op = ElementOp::GeluTanh},
     [](const Expression& x) { return 0.5 * x * (1 + apply(ElementOp::Tanh, inner(x))); }},
    {"Gelu",
     {.op = ElementOp::GeluTanh},
     [](const Expression& x) { return x * apply(ElementOp::Sigmoid, 2 * inner(x)); }},
    {"QuickGelu",
     {.op = ElementOp::Swish, .alpha = 1.702F},
     [](const Expression& x) { return x * apply(ElementOp::Sigmoid, 1.702 * x); }},
    {"Swish",
     {.op = ElementOp::Swish, .alpha = 1},
     [](const Expression& x) { return x * apply(ElementOp::Sigmoid, x); }},
    {"Swish",
     {.op = ElementOp::Swish, .alpha = 1},
     [](const Expression& x) { return x / (1 + apply(ElementOp::Exp, -1 * x)); }},
    {"HardSwish",
     {.op = ElementOp::HardSwish},
     [](const Expression& x) { return x * apply(ElementOp::HardSigmoid, x, 1.0F / 6, 0.5F); }},
    {"HardSwish",
     {.op = ElementOp::HardSwish},
     [](const Expression& x) { return (1.0 / 6) * x * apply(ElementOp::Clip, x + 3, 0, 6); }},
};

/// Normalisations over the last dimensions, without scale and bias; the centered one first, since
/// it is the other one of what it takes the mean off.
struct NormForm {
  const char* opName;
  bool centered;
  Expression (*formula)(const Expression& x, const std::vector<int>& axes, double epsilon);
};
Expression deviation(const Expression& x, const std::vector<int>& axes, double epsilon) {
  return (x.algebra().mean(axes, x.power(2)) + epsilon).power(0.5);
}
constexpr NormForm kNorms[] = {
    {"LayerNormalization", true,
     [](const Expression& x, const std::vector<int>& axes, double epsilon) {
       const Expression centered = x - x.algebra().mean(axes, x);
       return centered / deviation(centered, axes, epsilon);
     }},
    {"SimplifiedLayerNormalization", false,
     [](const Expression& x, const std::vector<int>& axes, double epsilon) {
       return x / deviation(x, axes, epsilon);
     }},
};

/// mean(...) + epsilon, to the power -1/2, where an expression has that.
struct Deviation {
  int atom = 0;
  std::vector<int> axes;
  double epsilon = 0;
};

std::optional<Deviation> deviationIn(const Expression& whole) {
  const Algebra& algebra = whole.algebra();
  for (const auto& term : whole.terms()) {
    for (const auto& [index, exponent] : term.monomial) {
      const Atom& sum = algebra[index];
      if (sum.kind != Atom::Kind::Sum || exponent != -0.5) continue;
      Deviation found{index, {}, 0};
      for (const auto& part : sum.argument[0].terms()) {
        if (part.monomial.empty()) found.epsilon = part.coefficient;
        if (part.monomial.size() != 1) continue;
        found.axes = algebra[part.monomial[0].first].axes;
      }
      if (!found.axes.empty() && found.epsilon > 0) return found;
    }
  }
  return std::nullopt;
}

/// The value that a monomial is, where it is one and nothing more.
std::optional<ValueId> soleValue(const Algebra& algebra, const Expression::Term& term) {
  if (term.coefficient != 1 || term.monomial.size() != 1) return std::nullopt;
  const auto& [atom, exponent] = term.monomial[0];
  if (exponent != 1 || algebra[atom].kind != Atom::Kind::Value) return std::nullopt;
  return algebra[atom].value;
}

/// An expression as (core) x scale + bias.
struct Affine {
  ValueId scale = kNoValue, bias = kNoValue;
};

class Recognizer {
 public:
  explicit Recognizer(Graph& graph)
      : graph_(graph), producers_(graph.producers()), consumers_(graph.consumers()) {}

  void run() {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) visit(static_cast<int>(n));
    graph_.removeDead();
  }

 private:
  void visit(int root) {
    const Node& node = graph_.nodes[static_cast<std::size_t>(root)];
    if (!std::holds_alternative<Elementwise>(node.operation)) return;
    const FormReader reader(graph_, producers_, consumers_, root);
    const auto ofAny = [&](const auto& matches) {
      return std::ranges::any_of(reader.candidates(), [&](ValueId x) {
        Algebra algebra;
        const std::optional<Expression> whole = reader.read(algebra, x);
        return whole && matches(*whole, x);
      });
    };
    if (ofAny([&](const Expression& whole, ValueId x) { return takeActivation(whole, root, x); })) {
      return;
    }
    for (const NormForm& form : kNorms) {
      const auto take = [&](const Expression& whole, ValueId x) {
        return takeNorm(form, whole, root, x);
      };
      if (ofAny(take)) return;
    }
  }

  bool takeActivation(const Expression& whole, int root, ValueId x) {
    const Expression of = whole.algebra().value(x);
    const auto* const form = std::ranges::find_if(
        kActivations, [&](const ActivationForm& row) { return whole.sameAs(row.formula(of)); });
    if (form == std::end(kActivations)) return false;
    replace(root, form->opName, Elementwise{}, {x}, {form->step});
    return true;
  }

  bool takeNorm(const NormForm& form, const Expression& whole, int root, ValueId x) {
    const std::optional<Deviation> found = deviationIn(whole);
    const int rank = static_cast<int>(graph_.value(x).shape.size());
    if (!found || !areLast(found->axes, rank)) return false;
    const Expression core = form.formula(whole.algebra().value(x), found->axes, found->epsilon);
    const std::optional<Affine> affine = affineOf(whole, core, found->atom);
    if (!affine) return false;
    std::vector<ValueId> inputs{x};
    std::vector<ElementStep> steps;
    const auto add = [&](ElementOp op, ValueId operand) {
      if (operand == kNoValue) return;
      steps.push_back({.op = op, .operand = static_cast<int>(inputs.size())});
      inputs.push_back(operand);
    };
    add(ElementOp::Mul, affine->scale);
    add(ElementOp::Add, affine->bias);
    const LayerNorm norm{rank - static_cast<int>(found->axes.size()),
                         static_cast<float>(found->epsilon), form.centered};
    replace(root, form.opName, norm, std::move(inputs), std::move(steps));
    return true;
  }

  /// LayerNorm takes the last dimensions, all from one on.
  static bool areLast(const std::vector<int>& axes, int rank) {
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (axes[i] != static_cast<int>(i) + 1) return false;
    }
    return static_cast<int>(axes.size()) <= rank;
  }

  /// Terms with the deviation are the core, times one constant in all of them; one without it is
  /// the bias, a constant too.
  std::optional<Affine> affineOf(const Expression& whole, const Expression& core,
                                 int deviation) const {
    Algebra& algebra = whole.algebra();
    Affine result;
    Expression rest(algebra, {}), scaled(algebra, {});
    for (const Expression::Term& term : whole.terms()) {
      const bool has = std::ranges::any_of(
          term.monomial, [&](const auto& factor) { return factor.first == deviation; });
      Expression& part = has ? scaled : rest;
      part = part + Expression(algebra, {term});
    }
    if (scaled.terms().size() != core.terms().size() || rest.terms().size() > 1) return {};
    for (const Expression::Term& term : scaled.terms()) {
      for (const auto& [atom, exponent] : term.monomial) {
        if (exponent == 1 && isConstant(algebra, atom)) result.scale = algebra[atom].value;
      }
    }
    const Expression expected =
        result.scale == kNoValue ? core : core * algebra.value(result.scale);
    if (!scaled.sameAs(expected)) return std::nullopt;
    if (rest.terms().empty()) return result;
    const std::optional<ValueId> bias = soleValue(algebra, rest.terms()[0]);
    if (!bias || !graph_.isConstant(*bias)) return std::nullopt;
    result.bias = *bias;
    return result;
  }

  bool isConstant(const Algebra& algebra, int atom) const {
    return algebra[atom].kind == Atom::Kind::Value && graph_.isConstant(algebra[atom].value);
  }

  /// The other nodes of the form lose their last reader.
  void replace(int root, const char* opName, Operation operation, std::vector<ValueId> inputs,
               std::vector<ElementStep> steps) {
    Node& node = graph_.nodes[static_cast<std::size_t>(root)];
    node.opName = opName;
    node.operation = std::move(operation);
    node.inputs = std::move(inputs);
    node.steps = std::move(steps);
    consumers_ = graph_.consumers();
  }

  Graph& graph_;
  std::vector<int> producers_;
  std::vector<std::vector<int>> consumers_;
};

}  // namespace

void recognizeForms(Graph& graph) { Recognizer(graph).run(); }

}  // namespace npusim::passes
