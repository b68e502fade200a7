#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "kernels/pipeline/passes.h"
#include "tests/end_to_end/graph_builder.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim {
namespace {

using end_to_end::GraphBuilder;
using end_to_end::Random;

const Shape kShape = {2, 3, 8};
constexpr float kEpsilon = 1e-5F;

/// Writes operations out as exporters do, one node each.
class Writer {
 public:
  GraphBuilder net;
  ValueId x = net.input(kShape);

  ValueId number(float value) { return net.constant(scalarTensor(value)); }
  ValueId mul(ValueId a, ValueId b) { return net.binary(a, ElementOp::Mul, b); }
  ValueId mul(ValueId a, float b) { return mul(a, number(b)); }
  ValueId add(ValueId a, ValueId b) { return net.binary(a, ElementOp::Add, b); }
  ValueId add(ValueId a, float b) { return add(a, number(b)); }
  ValueId sub(ValueId a, ValueId b) { return net.binary(a, ElementOp::Sub, b); }
  ValueId div(ValueId a, ValueId b) { return net.binary(a, ElementOp::Div, b); }
  ValueId div(ValueId a, float b) { return div(a, number(b)); }
  ValueId pow(ValueId a, float b) { return net.binary(a, ElementOp::Pow, number(b)); }
  ValueId apply(ElementOp op, ValueId a, float alpha = 0, float beta = 0) {
    return net.unary(a, op, alpha, beta);
  }
  ValueId mean(ValueId a, std::vector<int> axes = {2}, bool keep = true) {
    return net.add(Reduce{ReduceOp::Mean, std::move(axes), keep}, {a});
  }
  ValueId weights(const Shape& shape = {8}) { return net.constant(Random(7).floats(shape, 1)); }

  /// The graph with `y` as its result, and what becomes of it.
  Graph before(ValueId y) {
    net.graph().outputs = {y};
    net.graph().verify();
    return net.graph();
  }
  Graph after(ValueId y) {
    Graph graph = before(y);
    passes::recognizeForms(graph);
    graph.verify();
    return graph;
  }
};

Tensor evaluated(const Graph& graph) {
  return evaluate(graph, {{graph.value(graph.inputs[0]).name, Random(3).floats(kShape, 3)}})[0];
}

void expectSameValues(const Graph& before, const Graph& after) {
  const Tensor a = evaluated(before), b = evaluated(after);
  ASSERT_EQ(a.shape(), b.shape());
  for (std::int64_t i = 0; i < a.size(); ++i) {
    ASSERT_NEAR(a.at(i), b.at(i), 3e-6 * (1 + std::abs(a.at(i)))) << "element " << i;
  }
}

struct Form {
  const char* name;
  std::function<ValueId(Writer&)> write;
};

/// Lists a failing form by its name.
void PrintTo(const Form& form, std::ostream* stream) { *stream << form.name; }

std::string nameOf(const testing::TestParamInfo<Form>& info) { return info.param.name; }

// --- Activations ---

const float kRootHalf = std::sqrt(0.5F);

ValueId tanhInner(Writer& w) {
  return w.mul(w.add(w.x, w.mul(w.pow(w.x, 3), 0.044715F)), 0.7978845834732056F);
}

const Form kActivations[] = {
    {"gelu_torch",
     [](Writer& w) {
       const ValueId gate = w.add(w.apply(ElementOp::Erf, w.div(w.x, std::sqrt(2.0F))), 1.0F);
       return w.mul(w.mul(w.x, gate), 0.5F);
     }},
    {"gelu_half_first",
     [](Writer& w) {
       const ValueId gate = w.add(w.apply(ElementOp::Erf, w.mul(w.x, kRootHalf)), 1.0F);
       return w.mul(w.mul(w.x, 0.5F), gate);
     }},
    {"gelu_half_gate",
     [](Writer& w) {
       const ValueId erf = w.apply(ElementOp::Erf, w.mul(w.x, kRootHalf));
       return w.mul(w.mul(w.add(erf, 1.0F), 0.5F), w.x);
     }},
    {"gelu_half_inside",
     [](Writer& w) {
       const ValueId erf = w.apply(ElementOp::Erf, w.mul(w.x, kRootHalf));
       return w.mul(w.add(w.mul(erf, 0.5F), 0.5F), w.x);
     }},
    {"gelu_tanh",
     [](Writer& w) {
       const ValueId gate = w.add(w.apply(ElementOp::Tanh, tanhInner(w)), 1.0F);
       return w.mul(w.mul(w.x, 0.5F), gate);
     }},
    {"gelu_tanh_of_products",
     [](Writer& w) {
       const ValueId square = w.mul(w.x, w.x);
       const ValueId inner = w.mul(w.mul(w.x, 0.7978846F), w.add(w.mul(square, 0.044715F), 1.0F));
       return w.mul(w.mul(w.x, w.add(w.apply(ElementOp::Tanh, inner), 1.0F)), 0.5F);
     }},
    {"gelu_tanh_as_sigmoid",
     [](Writer& w) { return w.mul(w.x, w.apply(ElementOp::Sigmoid, w.mul(tanhInner(w), 2.0F))); }},
    {"swish_silu", [](Writer& w) { return w.mul(w.apply(ElementOp::Sigmoid, w.x), w.x); }},
    {"swish_by_exponential",
     [](Writer& w) {
       const ValueId rises = w.apply(ElementOp::Exp, w.apply(ElementOp::Neg, w.x));
       return w.div(w.x, w.add(rises, 1.0F));
     }},
    {"swish_quick_gelu",
     [](Writer& w) { return w.mul(w.x, w.apply(ElementOp::Sigmoid, w.mul(w.x, 1.702F))); }},
    {"hard_swish_clip",
     [](Writer& w) {
       return w.div(w.mul(w.x, w.apply(ElementOp::Clip, w.add(w.x, 3.0F), 0, 6)), 6.0F);
     }},
    {"hard_swish_gate_first",
     [](Writer& w) {
       return w.mul(w.x, w.mul(w.apply(ElementOp::Clip, w.add(w.x, 3.0F), 0, 6), 1.0F / 6));
     }},
    {"hard_swish_hard_sigmoid",
     [](Writer& w) { return w.mul(w.x, w.apply(ElementOp::HardSigmoid, w.x, 1.0F / 6, 0.5F)); }},
};

class Activation : public testing::TestWithParam<Form> {};

TEST_P(Activation, BecomesOneStep) {
  Writer w;
  const ValueId y = GetParam().write(w);
  const Graph before = w.before(y), after = w.after(y);
  ASSERT_EQ(after.nodes.size(), 1U) << after.toText();
  ASSERT_EQ(after.nodes[0].steps.size(), 1U) << after.toText();
  const std::string op(name(after.nodes[0].steps[0].op));
  EXPECT_TRUE(std::string(GetParam().name).starts_with(op)) << op;
  expectSameValues(before, after);
}
INSTANTIATE_TEST_SUITE_P(Recognize, Activation, testing::ValuesIn(kActivations), nameOf);

/// The factors of a GELU in any order and grouping, its half as a factor or a divisor.
TEST(Recognize, ActivationsInAnyOrder) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Writer w;
    const bool exact = random.once(2);
    const ValueId gate = exact ? w.apply(ElementOp::Erf, w.mul(w.x, kRootHalf))
                               : w.apply(ElementOp::Tanh, tanhInner(w));
    std::vector<ValueId> factors = {w.x, w.add(gate, 1.0F)};
    bool halved = false;
    while (factors.size() > 1 || !halved) {
      const auto last = static_cast<std::int64_t>(factors.size()) - 1;
      ValueId& one = factors[static_cast<std::size_t>(random.integer(0, last))];
      if (!halved && (last == 0 || random.once(2))) {
        one = random.once(2) ? w.mul(one, 0.5F) : w.div(one, 2.0F);
        halved = true;
        continue;
      }
      if (random.once(2)) std::swap(factors[0], factors[1]);
      factors = {w.mul(factors[0], factors[1])};
    }
    const Graph before = w.before(factors[0]), after = w.after(factors[0]);
    ASSERT_EQ(after.nodes.size(), 1U) << after.toText();
    EXPECT_EQ(after.nodes[0].steps[0].op, exact ? ElementOp::Gelu : ElementOp::GeluTanh);
    expectSameValues(before, after);
  }
}

// --- Normalisations ---

ValueId deviation(Writer& w, ValueId variance) {
  return w.apply(ElementOp::Sqrt, w.add(variance, kEpsilon));
}

const Form kNorms[] = {
    {"layer_torch",
     [](Writer& w) {
       const ValueId d = w.sub(w.x, w.mean(w.x));
       return w.div(d, deviation(w, w.mean(w.pow(d, 2))));
     }},
    {"layer_two_differences",
     [](Writer& w) {
       const ValueId mean = w.mean(w.x);
       const ValueId d = w.sub(w.x, mean);
       return w.div(w.sub(w.x, mean), deviation(w, w.mean(w.mul(d, d))));
     }},
    {"layer_reciprocal",
     [](Writer& w) {
       const ValueId d = w.sub(w.x, w.mean(w.x));
       const ValueId down = w.apply(ElementOp::Reciprocal, deviation(w, w.mean(w.mul(d, d))));
       return w.mul(down, d);
     }},
    {"layer_power",
     [](Writer& w) {
       const ValueId d = w.sub(w.x, w.mean(w.x));
       return w.mul(d, w.pow(w.add(w.mean(w.mul(d, d)), kEpsilon), -0.5F));
     }},
    {"layer_several_axes",
     [](Writer& w) {
       const ValueId d = w.sub(w.x, w.mean(w.x, {1, 2}));
       return w.div(d, deviation(w, w.mean(w.pow(d, 2), {1, 2})));
     }},
    {"layer_dimensions_put_back",
     [](Writer& w) {
       const auto mean = [&](ValueId of) {
         return w.net.add(Reshape{{2, 3, 1}}, {w.mean(of, {2}, false)});
       };
       const ValueId d = w.sub(w.x, mean(w.x));
       return w.div(d, deviation(w, mean(w.pow(d, 2))));
     }},
    {"layer_scaled_deviation",  // as tf.nn.batch_normalization
     [](Writer& w) {
       const ValueId mean = w.mean(w.x);
       const ValueId d = w.sub(w.x, mean);
       const ValueId down = w.apply(ElementOp::Reciprocal, deviation(w, w.mean(w.mul(d, d))));
       const ValueId inverse = w.mul(down, w.weights());
       const ValueId shift = w.sub(w.weights(), w.mul(mean, inverse));
       return w.add(w.mul(w.x, inverse), shift);
     }},
    {"rms_reciprocal",
     [](Writer& w) {
       const ValueId square = w.mean(w.pow(w.x, 2));
       return w.mul(w.x, w.apply(ElementOp::Reciprocal, deviation(w, square)));
     }},
    {"rms_quotient", [](Writer& w) { return w.div(w.x, deviation(w, w.mean(w.mul(w.x, w.x)))); }},
};

class Normalisation : public testing::TestWithParam<Form> {};

TEST_P(Normalisation, BecomesALayerNorm) {
  Writer w;
  const ValueId y = GetParam().write(w);
  const Graph before = w.before(y), after = w.after(y);
  ASSERT_EQ(after.nodes.size(), 1U) << after.toText();
  const auto* norm = std::get_if<LayerNorm>(&after.nodes[0].operation);
  ASSERT_NE(norm, nullptr) << after.toText();
  const std::string form = GetParam().name;
  EXPECT_EQ(norm->centered, form.starts_with("layer"));
  EXPECT_EQ(norm->axis, form == "layer_several_axes" ? 1 : 2);
  EXPECT_FLOAT_EQ(norm->epsilon, kEpsilon);
  expectSameValues(before, after);
}
INSTANTIATE_TEST_SUITE_P(Recognize, Normalisation, testing::ValuesIn(kNorms), nameOf);

/// What is added before is not looked into, and scale and shift follow as steps.
TEST(Recognize, NormalisationOfASumWithScaleAndShift) {
  Writer w;
  const ValueId sum = w.add(w.x, w.weights(kShape));
  const ValueId d = w.sub(sum, w.mean(sum));
  const ValueId y = w.div(d, deviation(w, w.mean(w.pow(d, 2))));
  const ValueId result = w.add(w.mul(y, w.weights()), w.weights());
  Graph after = w.after(result);
  ASSERT_EQ(after.nodes.size(), 4U) << after.toText();
  passes::fuseSteps(after);
  ASSERT_EQ(after.nodes.size(), 2U) << after.toText();
  EXPECT_EQ(after.nodes[1].steps.size(), 2U);
  expectSameValues(w.before(result), after);
}

// --- What is no such form, or is needed otherwise ---

const Form kOthers[] = {
    {"another_number",
     [](Writer& w) {
       const ValueId gate = w.add(w.apply(ElementOp::Erf, w.mul(w.x, 0.7F)), 1.0F);
       return w.mul(w.mul(w.x, gate), 0.5F);
     }},
    {"gate_of_another_value",
     [](Writer& w) {
       const ValueId other = w.add(w.x, w.weights());
       return w.mul(w.x, w.apply(ElementOp::Sigmoid, other));
     }},
    {"not_the_last_dimension",
     [](Writer& w) {
       const ValueId d = w.sub(w.x, w.mean(w.x, {1}));
       return w.div(d, deviation(w, w.mean(w.pow(d, 2), {1})));
     }},
    {"mean_over_more",
     [](Writer& w) {
       const ValueId d = w.sub(w.x, w.mean(w.x, {1, 2}));
       return w.mul(w.div(d, deviation(w, w.mean(w.mul(w.x, d)))), 1.0F);
     }},
    {"without_epsilon",
     [](Writer& w) {
       const ValueId d = w.sub(w.x, w.mean(w.x));
       return w.div(d, w.apply(ElementOp::Sqrt, w.mean(w.pow(d, 2))));
     }},
    {"largest_for_mean",
     [](Writer& w) {
       const ValueId most = w.net.add(Reduce{ReduceOp::Max, {2}, true}, {w.pow(w.x, 2)});
       return w.div(w.x, deviation(w, most));
     }},
    {"a_root_of_a_square",
     [](Writer& w) {
       const ValueId size = w.apply(ElementOp::Sqrt, w.mul(w.x, w.x));
       return w.mul(w.x, w.apply(ElementOp::Sigmoid, size));
     }},
};

class OtherForm : public testing::TestWithParam<Form> {};

TEST_P(OtherForm, StaysAsItIs) {
  Writer w;
  const ValueId y = GetParam().write(w);
  const std::string before = w.before(y).toText();
  EXPECT_EQ(w.after(y).toText(), before);
}
INSTANTIATE_TEST_SUITE_P(Recognize, OtherForm, testing::ValuesIn(kOthers), nameOf);

TEST(Recognize, AValueThatIsNeededElsewhereKeepsTheForm) {
  for (const bool asOutput : {true, false}) {
    Writer w;
    const ValueId gate = w.apply(ElementOp::Sigmoid, w.x);
    const ValueId y = w.mul(w.x, gate);
    const ValueId other = asOutput ? gate : w.apply(ElementOp::Abs, gate);
    w.net.graph().outputs = {y, other};
    Graph graph = w.net.graph();
    const std::string before = graph.toText();
    passes::recognizeForms(graph);
    EXPECT_EQ(graph.toText(), before) << asOutput;
  }
}

/// The difference is an output: what is left is an RMSNorm of it.
TEST(Recognize, NormalisationOfADifferenceThatIsNeeded) {
  Writer w;
  const ValueId d = w.sub(w.x, w.mean(w.x));
  const ValueId y = w.div(d, deviation(w, w.mean(w.pow(d, 2))));
  w.net.graph().outputs = {y, d};
  Graph graph = w.net.graph();
  passes::recognizeForms(graph);
  graph.verify();
  ASSERT_EQ(graph.nodes.size(), 3U) << graph.toText();
  EXPECT_FALSE(std::get<LayerNorm>(graph.nodes[2].operation).centered);
  expectSameValues(w.net.graph(), graph);
}

TEST(Recognize, WideFloatsStay) {
  GraphBuilder net;
  const ValueId x = net.input({4}, DataType::Float64);
  net.graph().outputs = {net.binary(x, ElementOp::Mul, net.unary(x, ElementOp::Sigmoid))};
  Graph graph = net.graph();
  passes::recognizeForms(graph);
  EXPECT_EQ(graph.nodes.size(), 2U);
}

/// A form half of which is made before a loop stays: the loop would do that half in every pass.
TEST(Recognize, AFormAcrossALoopStays) {
  Writer w;
  const ValueId gate = w.apply(ElementOp::Sigmoid, w.x);
  const ValueId y = w.mul(w.x, gate);
  w.net.graph().repeats.push_back({.name = "loop", .passes = 2});
  w.net.graph().nodes.back().repeat = 0;
  EXPECT_EQ(w.after(y).nodes.size(), 2U);
}

}  // namespace
}  // namespace npusim
