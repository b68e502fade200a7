#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "kernels/pipeline/passes.h"
#include "tests/end_to_end/graph_builder.h"
#include "tests/end_to_end/random.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim {
namespace {

using end_to_end::Random;

/// Writes forms out as exporters do: one node a step, numbers as constants of one element.
class Forms : public end_to_end::GraphBuilder {
 public:
  ValueId number(double value) { return constant(scalarTensor(static_cast<float>(value))); }
  ValueId with(ValueId x, ElementOp op, double value, bool reversed = false) {
    return binary(x, op, number(value), reversed);
  }
  ValueId mean(ValueId x, std::vector<int> axes) {
    return add(Reduce{ReduceOp::Mean, std::move(axes), true}, {x});
  }
  /// 1 / sqrt(mean + epsilon), to be multiplied by, or its inverse, to divide by.
  ValueId deviation(ValueId x, const std::vector<int>& axes, double epsilon) {
    ValueId variance = mean(with(x, ElementOp::Pow, 2), axes);
    if (epsilon > 0) variance = with(variance, ElementOp::Add, epsilon);
    return unary(variance, ElementOp::Sqrt);
  }
  ValueId norm(ValueId x, const std::vector<int>& axes, double epsilon) {
    return binary(x, ElementOp::Div, deviation(x, axes, epsilon));
  }
  ValueId centered(ValueId x, const std::vector<int>& axes) {
    return binary(x, ElementOp::Sub, mean(x, axes));
  }
  ValueId gelu(ValueId x, double half = 0.5, double root = std::numbers::sqrt2) {
    const ValueId erf = unary(with(x, ElementOp::Div, root), ElementOp::Erf);
    return with(binary(x, ElementOp::Mul, with(erf, ElementOp::Add, 1)), ElementOp::Mul, half);
  }
  ValueId geluTanh(ValueId x, double cubic = 0.044715) {
    const ValueId cube = with(with(x, ElementOp::Pow, 3), ElementOp::Mul, cubic);
    const ValueId inner = with(binary(x, ElementOp::Add, cube), ElementOp::Mul, 0.7978845834732056);
    const ValueId tanh = with(unary(inner, ElementOp::Tanh), ElementOp::Add, 1);
    return binary(with(x, ElementOp::Mul, 0.5), ElementOp::Mul, tanh);
  }
  ValueId silu(ValueId x) { return binary(x, ElementOp::Mul, unary(x, ElementOp::Sigmoid)); }
};

using Writer = ValueId (*)(Forms& net, ValueId x, Random& random);

/// A form, and what it must become: one node of this name, with so many steps.
struct Form {
  const char* name;
  const char* opName;
  std::size_t steps;
  Writer write;
};

std::vector<int> lastAxes(const Forms& net, ValueId x, Random& random) {
  const int rank = static_cast<int>(net.shape(x).size());
  std::vector<int> axes;
  for (int axis = static_cast<int>(random.integer(1, rank - 1)); axis < rank; ++axis) {
    axes.push_back(axis);
  }
  return axes;
}

/// A constant of the shape that the axes have, of numbers around `middle`.
ValueId parameter(Forms& net, ValueId x, std::size_t rank, double middle, Random& random) {
  const Shape& shape = net.shape(x);
  Tensor made =
      random.floats(Shape(shape.end() - static_cast<std::ptrdiff_t>(rank), shape.end()), 0.5);
  for (float& element : made.as<float>()) element += static_cast<float>(middle);
  return net.constant(std::move(made));
}

const Form kForms[] = {
    {"LayerNorm", "LayerNormalization", 2,
     [](Forms& net, ValueId x, Random& random) {
       const auto axes = lastAxes(net, x, random);
       const ValueId core = net.norm(net.centered(x, axes), axes, 1e-5);
       const ValueId scaled =
           net.binary(core, ElementOp::Mul, parameter(net, x, axes.size(), 1, random));
       return net.binary(scaled, ElementOp::Add, parameter(net, x, axes.size(), 0, random));
     }},
    {"LayerNormAsFactors", "LayerNormalization", 2,  // x s / d + (bias - mean s / d)
     [](Forms& net, ValueId x, Random& random) {
       const auto axes = lastAxes(net, x, random);
       const ValueId mean = net.mean(x, axes);
       const ValueId apart = net.binary(x, ElementOp::Sub, mean);
       const ValueId variance = net.mean(net.binary(apart, ElementOp::Mul, apart), axes);
       const ValueId root = net.unary(net.with(variance, ElementOp::Add, 1e-3), ElementOp::Sqrt);
       const ValueId factor = net.binary(net.unary(root, ElementOp::Reciprocal), ElementOp::Mul,
                                         parameter(net, x, axes.size(), 1, random));
       const ValueId bias = parameter(net, x, axes.size(), 0, random);
       const ValueId shift =
           net.binary(net.binary(mean, ElementOp::Mul, factor), ElementOp::Sub, bias, true);
       return net.binary(net.binary(x, ElementOp::Mul, factor), ElementOp::Add, shift);
     }},
    {"LayerNormOfTwoDifferences", "LayerNormalization", 0,
     [](Forms& net, ValueId x, Random& random) {
       const auto axes = lastAxes(net, x, random);
       return net.binary(net.centered(x, axes), ElementOp::Div,
                         net.deviation(net.centered(x, axes), axes, 1e-6));
     }},
    {"RmsNorm", "SimplifiedLayerNormalization", 1,
     [](Forms& net, ValueId x, Random& random) {
       const auto axes = lastAxes(net, x, random);
       const ValueId inverse = net.with(net.deviation(x, axes, 1e-6), ElementOp::Div, 1, true);
       return net.binary(net.binary(x, ElementOp::Mul, inverse), ElementOp::Mul,
                         parameter(net, x, axes.size(), 1, random), true);
     }},
    {"Gelu", "Gelu", 1, [](Forms& net, ValueId x, Random&) { return net.gelu(x); }},
    {"GeluHalfFirst", "Gelu", 1,
     [](Forms& net, ValueId x, Random&) {
       const ValueId erf = net.unary(net.with(x, ElementOp::Mul, 0.70710678), ElementOp::Erf);
       return net.binary(net.with(x, ElementOp::Mul, 0.5), ElementOp::Mul,
                         net.with(erf, ElementOp::Add, 1));
     }},
    {"GeluTanh", "Gelu", 1, [](Forms& net, ValueId x, Random&) { return net.geluTanh(x); }},
    {"Silu", "Swish", 1, [](Forms& net, ValueId x, Random&) { return net.silu(x); }},
    {"SiluOfExp", "Swish", 1,
     [](Forms& net, ValueId x, Random&) {
       const ValueId exp = net.unary(net.unary(x, ElementOp::Neg), ElementOp::Exp);
       return net.binary(x, ElementOp::Div, net.with(exp, ElementOp::Add, 1));
     }},
    {"QuickGelu", "QuickGelu", 1,
     [](Forms& net, ValueId x, Random&) {
       const ValueId gate = net.unary(net.with(x, ElementOp::Mul, 1.702), ElementOp::Sigmoid);
       return net.binary(x, ElementOp::Mul, gate);
     }},
    {"HardSwish", "HardSwish", 1,
     [](Forms& net, ValueId x, Random&) {
       const ValueId clip = net.unary(net.with(x, ElementOp::Add, 3), ElementOp::Clip, 0, 6);
       return net.with(net.binary(x, ElementOp::Mul, clip), ElementOp::Div, 6);
     }},
};

class Recognition : public testing::TestWithParam<Form> {};

TEST_P(Recognition, IsOneNodeThatComputesTheSame) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Forms net;
    Shape shape;
    for (auto rank = random.integer(2, 4); rank > 0; --rank) shape.push_back(random.integer(2, 7));
    const ValueId input = net.input(shape);
    const ValueId x = net.unary(input, ElementOp::Neg);
    net.graph().outputs = {GetParam().write(net, x, random)};
    const std::map<std::string, Tensor> inputs = {
        {net.graph().value(input).name, random.floats(shape, 4)}};
    const std::vector<Tensor> before = evaluate(net.graph(), inputs);

    passes::recognizeForms(net.graph());
    // A norm's own factors and addends are left to the fusion behind it.
    if (net.graph().nodes.size() > 2) passes::fuseSteps(net.graph());
    net.graph().verify();
    ASSERT_EQ(net.graph().nodes.size(), 2U) << net.graph().toText();
    EXPECT_TRUE(net.graph().nodes.back().opName.starts_with(GetParam().opName))
        << net.graph().nodes.back().opName;
    EXPECT_EQ(net.graph().nodes.back().steps.size(), GetParam().steps);
    const Comparison error =
        compare(evaluate(net.graph(), inputs), before, {.absolute = 1e-5, .relative = 0});
    EXPECT_TRUE(error.passed) << error.maxAbsError << "\n" << net.graph().toText();
  }
}

INSTANTIATE_TEST_SUITE_P(AsWritten, Recognition, testing::ValuesIn(kForms),
                         [](const auto& one) { return std::string(one.param.name); });

/// Not the form, though nearly: no node goes, and none changes.
struct NearMiss {
  const char* name;
  ValueId (*write)(Forms& net, ValueId x);
};

const NearMiss kNearMisses[] = {
    {"NormOverAnotherAxis",
     [](Forms& net, ValueId x) { return net.norm(net.centered(x, {1}), {1}, 1e-5); }},
    {"NoEpsilon", [](Forms& net, ValueId x) { return net.norm(net.centered(x, {2}), {2}, 0); }},
    {"EpsilonOutsideTheRoot",
     [](Forms& net, ValueId x) {
       const ValueId off = net.centered(x, {2});
       return net.binary(off, ElementOp::Div,
                         net.with(net.deviation(off, {2}, 0), ElementOp::Add, 1e-5));
     }},
    {"DeviationOfAnUncentered",
     [](Forms& net, ValueId x) {
       return net.binary(net.centered(x, {2}), ElementOp::Div, net.deviation(x, {2}, 1e-5));
     }},
    {"SampleVariance",  // of n - 1
     [](Forms& net, ValueId x) {
       const ValueId off = net.centered(x, {2});
       const ValueId variance =
           net.with(net.mean(net.binary(off, ElementOp::Mul, off), {2}), ElementOp::Mul, 1.25);
       return net.binary(off, ElementOp::Div,
                         net.unary(net.with(variance, ElementOp::Add, 1e-5), ElementOp::Sqrt));
     }},
    {"GeluOfAnotherRoot", [](Forms& net, ValueId x) { return net.gelu(x, 0.5, 1.4); }},
    {"GeluWithoutItsHalf", [](Forms& net, ValueId x) { return net.gelu(x, 1); }},
    {"GeluTanhOfAnotherCubic", [](Forms& net, ValueId x) { return net.geluTanh(x, 0.0447); }},
    {"SigmoidOfAnother",
     [](Forms& net, ValueId x) {
       return net.binary(x, ElementOp::Mul,
                         net.unary(net.with(x, ElementOp::Mul, 1.7), ElementOp::Sigmoid));
     }},
    {"GateOfAnotherValue",
     [](Forms& net, ValueId x) {
       return net.binary(x, ElementOp::Mul, net.unary(net.input({3, 4, 5}), ElementOp::Sigmoid));
     }},
};

class NearlyAForm : public testing::TestWithParam<NearMiss> {};

TEST_P(NearlyAForm, IsLeftAlone) {
  Forms net;
  const ValueId x = net.unary(net.input({3, 4, 5}), ElementOp::Neg);
  net.graph().outputs = {GetParam().write(net, x)};
  const std::string before = net.graph().toText();
  passes::recognizeForms(net.graph());
  EXPECT_EQ(net.graph().toText(), before);
}

INSTANTIATE_TEST_SUITE_P(AsWritten, NearlyAForm, testing::ValuesIn(kNearMisses),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(RecognizeForms, LeavesAFormWhoseInsideIsAnOutput) {
  Forms net;
  const ValueId x = net.input({3, 5});
  const ValueId gate = net.unary(x, ElementOp::Sigmoid);
  net.graph().outputs = {net.binary(x, ElementOp::Mul, gate), gate};
  const std::string before = net.graph().toText();
  passes::recognizeForms(net.graph());
  EXPECT_EQ(net.graph().toText(), before);
}

TEST(RecognizeForms, LeavesAFormWhoseInsideIsReadElsewhere) {
  Forms net;
  const ValueId x = net.input({3, 5});
  const ValueId gate = net.unary(x, ElementOp::Sigmoid);
  net.graph().outputs = {net.binary(x, ElementOp::Mul, gate), net.unary(gate, ElementOp::Square)};
  const std::string before = net.graph().toText();
  passes::recognizeForms(net.graph());
  EXPECT_EQ(net.graph().toText(), before);
}

/// The difference from the mean stays, and what is left is the form without it.
TEST(RecognizeForms, TakesTheInnerFormWhereTheOuterIsReadElsewhere) {
  Forms net;
  const ValueId off = net.centered(net.input({3, 5}), {1});
  net.graph().outputs = {net.norm(off, {1}, 1e-5), net.unary(off, ElementOp::Abs)};
  passes::recognizeForms(net.graph());
  net.graph().verify();
  ASSERT_EQ(net.graph().nodes.size(), 4U) << net.graph().toText();
  const auto* norm = std::get_if<LayerNorm>(&net.graph().nodes[2].operation);
  ASSERT_NE(norm, nullptr) << net.graph().toText();
  EXPECT_FALSE(norm->centered);
  EXPECT_FLOAT_EQ(norm->epsilon, 1e-5F);
  EXPECT_EQ(norm->axis, 1);
}

/// A mean that drops its dimension gets it back by a Reshape: the form all the same.
TEST(RecognizeForms, TakesMeansWithoutTheirDimensions) {
  Forms net;
  const ValueId x = net.input({3, 5});
  const auto mean = [&](ValueId of) {
    return net.add(Reshape{{3, 1}}, {net.add(Reduce{ReduceOp::Mean, {1}, false}, {of})});
  };
  const ValueId off = net.binary(x, ElementOp::Sub, mean(x));
  const ValueId variance = mean(net.with(off, ElementOp::Pow, 2));
  net.graph().outputs = {
      net.binary(off, ElementOp::Mul,
                 net.with(net.with(variance, ElementOp::Add, 1e-5), ElementOp::Pow, -0.5))};
  passes::recognizeForms(net.graph());
  ASSERT_EQ(net.graph().nodes.size(), 1U) << net.graph().toText();
  EXPECT_EQ(net.graph().nodes[0].opName, "LayerNormalization");
}

/// Of a block of forms one after another each is taken, whatever the one before left behind.
TEST(RecognizeForms, TakesOneFormBehindAnother) {
  Forms net;
  const ValueId x = net.input({3, 5});
  net.graph().outputs = {net.silu(net.gelu(net.norm(net.centered(x, {1}), {1}, 1e-5)))};
  passes::recognizeForms(net.graph());
  net.graph().verify();
  EXPECT_EQ(net.graph().nodes.size(), 3U) << net.graph().toText();
}

/// Values read twice on every level have 2^n ways through n of them; each is looked into once.
TEST(RecognizeForms, EndsSoonOnALadder) {
  Forms net;
  ValueId x = net.input({3, 5});
  for (int level = 0; level < 200; ++level) x = net.binary(x, ElementOp::Mul, x);
  net.graph().outputs = {x};
  const std::string before = net.graph().toText();
  passes::recognizeForms(net.graph());
  EXPECT_EQ(net.graph().toText(), before);
}

}  // namespace
}  // namespace npusim
