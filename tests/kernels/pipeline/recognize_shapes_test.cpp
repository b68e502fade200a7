#include <gtest/gtest.h>

#include "kernels/pipeline/passes.h"
#include "tests/end_to_end/graph_builder.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim {
namespace {

using end_to_end::Random;

/// Writes forms out as exporters do: one node a step, numbers as constants of one element.
class Forms : public end_to_end::GraphBuilder {
 public:
  ValueId with(ValueId x, ElementOp op, double value) {
    return binary(x, op, constant(scalarTensor(static_cast<float>(value))));
  }
  ValueId mean(ValueId x, std::vector<int> axes) {
    return add(Reduce{ReduceOp::Mean, std::move(axes), true}, {x});
  }
  ValueId square(ValueId x) { return binary(x, ElementOp::Mul, x); }
  ValueId centered(ValueId x, const std::vector<int>& axes) {
    return binary(x, ElementOp::Sub, mean(x, axes));
  }
  ValueId rmsNorm(ValueId x, const std::vector<int>& axes) {
    const ValueId variance = with(mean(square(x), axes), ElementOp::Add, 1e-5);
    return binary(x, ElementOp::Div, unary(variance, ElementOp::Sqrt));
  }
  ValueId layerNorm(ValueId x, const std::vector<int>& axes) {
    return rmsNorm(centered(x, axes), axes);
  }
  ValueId gelu(ValueId x, double half = 0.5) {
    const ValueId erf = unary(with(x, ElementOp::Div, 1.4142135623730951), ElementOp::Erf);
    return with(binary(x, ElementOp::Mul, with(erf, ElementOp::Add, 1)), ElementOp::Mul, half);
  }
  ValueId geluTanh(ValueId x, double cubic = 0.044715) {
    const ValueId cube = with(with(x, ElementOp::Pow, 3), ElementOp::Mul, cubic);
    const ValueId inner = with(binary(x, ElementOp::Add, cube), ElementOp::Mul, 0.7978845834732056);
    const ValueId gate = with(unary(inner, ElementOp::Tanh), ElementOp::Add, 1);
    return binary(with(x, ElementOp::Mul, 0.5), ElementOp::Mul, gate);
  }
  ValueId silu(ValueId x) { return binary(x, ElementOp::Mul, unary(x, ElementOp::Sigmoid)); }
};

/// A form, and what it must become: one node of this name.
struct Form {
  const char* opName;
  ValueId (*write)(Forms& net, ValueId x, const std::vector<int>& axes);
};

const Form kForms[] = {
    {"LayerNormalization",
     [](Forms& net, ValueId x, const std::vector<int>& axes) { return net.layerNorm(x, axes); }},
    {"SimplifiedLayerNormalization",
     [](Forms& net, ValueId x, const std::vector<int>& axes) { return net.rmsNorm(x, axes); }},
    {"Gelu", [](Forms& net, ValueId x, const std::vector<int>&) { return net.gelu(x); }},
    {"Gelu", [](Forms& net, ValueId x, const std::vector<int>&) { return net.geluTanh(x); }},
    {"Swish", [](Forms& net, ValueId x, const std::vector<int>&) { return net.silu(x); }},
};

/// Over random shapes and last dimensions, behind and before something else.
TEST(RecognizeShapes, ComputeTheSameInOneNode) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Forms net;
    Shape shape;
    for (auto rank = random.integer(2, 4); rank > 0; --rank) shape.push_back(random.integer(2, 7));
    std::vector<int> axes;
    const int rank = static_cast<int>(shape.size());
    for (int axis = static_cast<int>(random.integer(1, rank - 1)); axis < rank; ++axis) {
      axes.push_back(axis);
    }
    const Form& form = kForms[seed % std::size(kForms)];
    const ValueId input = net.input(shape);
    const ValueId y = form.write(net, net.unary(input, ElementOp::Neg), axes);
    net.graph().outputs = {
        net.binary(y, ElementOp::Sub, net.constant(random.floats({shape.back()}, 1)))};
    const std::map<std::string, Tensor> inputs = {
        {net.graph().value(input).name, random.floats(shape, 4)}};
    const std::vector<Tensor> before = evaluate(net.graph(), inputs);

    passes::recognizeForms(net.graph());
    net.graph().verify();
    ASSERT_EQ(net.graph().nodes.size(), 3U) << net.graph().toText();
    EXPECT_EQ(net.graph().nodes[1].opName, form.opName);
    const Comparison error =
        compare(evaluate(net.graph(), inputs), before, {.absolute = 1e-5, .relative = 0});
    EXPECT_TRUE(error.passed) << error.maxAbsError << "\n" << net.graph().toText();
  }
}

/// Not the form, though nearly: nothing changes.
struct NearMiss {
  const char* name;
  ValueId (*write)(Forms& net, ValueId x);
};

const NearMiss kNearMisses[] = {
    {"EpsilonOutsideTheRoot",
     [](Forms& net, ValueId x) {
       const ValueId root = net.unary(net.mean(net.square(x), {2}), ElementOp::Sqrt);
       return net.binary(x, ElementOp::Div, net.with(root, ElementOp::Add, 1e-5));
     }},
    {"DeviationOfTheUncentered",
     [](Forms& net, ValueId x) {
       const ValueId variance = net.with(net.mean(net.square(x), {2}), ElementOp::Add, 1e-5);
       return net.binary(net.centered(x, {2}), ElementOp::Div,
                         net.unary(variance, ElementOp::Sqrt));
     }},
    {"VarianceOfASample",  // by n - 1
     [](Forms& net, ValueId x) {
       const ValueId off = net.centered(x, {2});
       const ValueId variance = net.with(net.mean(net.square(off), {2}), ElementOp::Mul, 1.25);
       return net.binary(off, ElementOp::Div,
                         net.unary(net.with(variance, ElementOp::Add, 1e-5), ElementOp::Sqrt));
     }},
    {"GeluWithoutItsHalf", [](Forms& net, ValueId x) { return net.gelu(x, 1); }},
    {"GeluOfAnotherCubic", [](Forms& net, ValueId x) { return net.geluTanh(x, 0.0447); }},
    {"SigmoidOfAnotherFactor",
     [](Forms& net, ValueId x) {
       const ValueId gate = net.unary(net.with(x, ElementOp::Mul, 1.7), ElementOp::Sigmoid);
       return net.binary(x, ElementOp::Mul, gate);
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

INSTANTIATE_TEST_SUITE_P(Recognize, NearlyAForm, testing::ValuesIn(kNearMisses),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(RecognizeShapes, TakeOneFormBehindAnother) {
  Forms net;
  net.graph().outputs = {net.silu(net.gelu(net.layerNorm(net.input({3, 5}), {1})))};
  passes::recognizeForms(net.graph());
  net.graph().verify();
  EXPECT_EQ(net.graph().nodes.size(), 3U) << net.graph().toText();
}

/// n values, each read twice by the next, have 2^n ways through them; each is looked into once.
TEST(RecognizeShapes, EndSoonOnALadder) {
  Forms net;
  ValueId x = net.input({3, 5});
  for (int level = 0; level < 200; ++level) x = net.square(x);
  net.graph().outputs = {x};
  const std::string before = net.graph().toText();
  passes::recognizeForms(net.graph());
  EXPECT_EQ(net.graph().toText(), before);
}

}  // namespace
}  // namespace npusim
