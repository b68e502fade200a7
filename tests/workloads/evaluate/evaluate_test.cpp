#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workloads/evaluate/support.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/host_dnnl.h"

namespace npusim {
namespace {

using testing::ElementsAre;
using testing_support::floats;
using testing_support::Random;
using testing_support::values;

ValueId addInput(Graph& graph, const std::string& valueName, const Shape& shape) {
  Value value;
  value.name = valueName;
  value.shape = shape;
  const ValueId id = graph.addValue(std::move(value));
  graph.inputs.push_back(id);
  return id;
}

ValueId addSeeded(Graph& graph, const std::string& valueName, const Shape& shape) {
  Value value;
  value.name = valueName;
  value.shape = shape;
  value.constant = Constant{nullptr, {}, graph.values.size() + 1};
  return graph.addValue(std::move(value));
}

/// y = relu(x) + x, both also outputs.
Graph diamond() {
  Graph graph;
  const ValueId x = addInput(graph, "x", {2});
  const ValueId relu =
      graph.addNode({"relu", "Relu", Elementwise{}, {x}, {{.op = ElementOp::Relu}}, kNoValue});
  const ValueId sum = graph.addNode(
      {"sum", "Add", Elementwise{}, {relu, x}, {{.op = ElementOp::Add, .operand = 1}}, kNoValue});
  graph.outputs = {sum, relu, x};
  return graph;
}

TEST(Evaluate, KeepsValuesUntilTheirLastUse) {
  const std::vector<Tensor> out = evaluate(diamond(), {{"x", floats({2}, {-1, 3})}});
  ASSERT_EQ(out.size(), 3u);
  EXPECT_THAT(values<float>(out[0]), ElementsAre(-1, 6));
  EXPECT_THAT(values<float>(out[1]), ElementsAre(0, 3));
  EXPECT_THAT(values<float>(out[2]), ElementsAre(-1, 3));
}

TEST(Evaluate, ShowsEveryValueAsItIsWritten) {
  const Graph graph = diamond();
  std::map<std::string, Tensor> seen;
  evaluate(graph, {{"x", floats({2}, {-1, 3})}},
           [&](const Value& value, const Tensor& tensor) { seen.emplace(value.name, tensor); });
  EXPECT_EQ(seen.size(), graph.inputs.size() + graph.nodes.size());
  EXPECT_THAT(values<float>(seen.at(graph.value(graph.nodes[0].output).name)), ElementsAre(0, 3));
}

TEST(Evaluate, SaysWhichInputIsWrong) {
  const auto errorOf = [](const std::map<std::string, Tensor>& inputs) -> std::string {
    try {
      evaluate(diamond(), inputs);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(errorOf({}), "no tensor given for input 'x'");
  EXPECT_EQ(errorOf({{"x", floats({3}, {1, 2, 3})}}),
            "input 'x' is fp32 3, the network takes fp32 2");
  EXPECT_EQ(errorOf({{"x", int64Tensor({1, 2})}}),
            "input 'x' is int64 2, the network takes fp32 2");
}

TEST(Evaluate, MakesSymbolicConstants) {
  Graph graph;
  const ValueId x = addInput(graph, "x", {1, 4});
  Value splat;
  splat.name = "w";
  splat.shape = {4, 1};
  splat.constant = Constant{nullptr, 0.5, {}};
  const ValueId w = graph.addValue(splat);
  const ValueId y = graph.addNode({"mm", "MatMul", MatMul{}, {x, w}, {}, kNoValue});
  graph.outputs = {y, w};
  const std::vector<Tensor> out = evaluate(graph, {{"x", floats({1, 4}, {1, 2, 3, 4})}});
  EXPECT_THAT(values<float>(out[0]), ElementsAre(5));
  EXPECT_THAT(values<float>(out[1]), ElementsAre(0.5, 0.5, 0.5, 0.5));
}

ValueId add(Graph& graph, const std::string& nodeName, Operation operation,
            std::vector<ValueId> inputs, std::vector<ElementStep> steps = {}) {
  return graph.addNode(
      {nodeName, "", std::move(operation), std::move(inputs), std::move(steps), kNoValue});
}

/// A network with every operation that the host runs through oneDNN, and one that it does not.
Graph hostNetwork() {
  Graph graph;
  const ValueId x = addInput(graph, "x", {2, 8, 13, 11});
  const Convolution grouped{{2, 1}, {1, 2}, {1, 2}, {0, 1}, 2};
  const ValueId conv = add(
      graph, "conv", grouped,
      {x, addSeeded(graph, "w1", {16, 4, 3, 3}), addSeeded(graph, "b1", {16}),
       addSeeded(graph, "scale", {16, 1, 1})},
      {{.op = ElementOp::Relu}, {.op = ElementOp::Mul, .operand = 3}, {.op = ElementOp::Sigmoid}});
  const ValueId depthwise = add(graph, "depthwise", Convolution{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 16},
                                {conv, addSeeded(graph, "w2", {16, 1, 3, 3}), kNoValue},
                                {{.op = ElementOp::Clip, .alpha = -0.5f, .beta = 0.5f}});
  const ValueId sum = add(graph, "sum", Elementwise{}, {depthwise, conv},
                          {{.op = ElementOp::Add, .operand = 1},
                           {.op = ElementOp::LeakyRelu, .alpha = 0.2f},
                           {.op = ElementOp::Sub, .operand = 1}});
  const Pool most{ReduceOp::Max, {3, 3}, {2, 2}, {1, 1}, {0, 1}, {0, 0}, {2, 5}, false};
  const Pool mean{ReduceOp::Mean, {2, 2}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {2, 5}, true};
  const ValueId pooled = add(graph, "mean", mean, {add(graph, "max", most, {sum})});
  const ValueId global = add(graph, "global", Reduce{ReduceOp::Mean, {2, 3}, true}, {pooled});
  const ValueId flat = add(graph, "flatten", Reshape{{2, 16}}, {global});
  const ValueId gemm = add(graph, "gemm", MatMul{true},
                           {flat, addSeeded(graph, "w3", {10, 16}), addSeeded(graph, "b3", {10})},
                           {{.op = ElementOp::Tanh}});
  graph.outputs = {add(graph, "product", MatMul{true}, {gemm, gemm, kNoValue}), pooled};
  graph.verify();
  return graph;
}

TEST(Host, AgreesWithPlainEvaluation) {
  const Graph graph = hostNetwork();
  Random random(12);
  const std::map<std::string, Tensor> inputs = {
      {"x", random.tensor(DataType::Float32, {2, 8, 13, 11})}};
  const HostRun host = runOnHost(graph, inputs, 2);
  const std::vector<Tensor> reference = evaluate(graph, inputs);
  const Comparison difference = compare(host.outputs, reference);
  EXPECT_TRUE(difference.passed) << difference.maxAbsError;
  EXPECT_LT(difference.maxRelError, 1e-5);
  EXPECT_THAT(host.plainNodes, ElementsAre("flatten"));
  EXPECT_GT(host.seconds, 0);
}

TEST(Host, LeavesIntegersToThePlainEvaluation) {
  Graph graph = diamond();
  for (Value& value : graph.values) value.type = DataType::Int64;
  const HostRun host = runOnHost(graph, {{"x", int64Tensor({-1, 3})}}, 1);
  EXPECT_THAT(values<std::int64_t>(host.outputs[0]), ElementsAre(-1, 6));
  EXPECT_THAT(host.plainNodes, ElementsAre("relu", "sum"));
  EXPECT_THROW(runOnHost(graph, {}, 1), BadInput);
}

TEST(Compare, ErrorsAreRelativeToTheGreatestReference) {
  const Comparison c = compare(floats({4}, {1, 2, 3, 4.002f}), floats({4}, {1, 2, 3, 4}));
  EXPECT_NEAR(c.maxAbsError, 0.002, 1e-6);
  EXPECT_NEAR(c.maxRelError, 0.0005, 1e-6);
  EXPECT_TRUE(c.passed);
  EXPECT_FALSE(compare(floats({1}, {1.0f}), floats({1}, {1.002f})).passed);
  EXPECT_TRUE(compare(floats({1}, {0.00009f}), floats({1}, {0})).passed) << "absolute part";
  EXPECT_TRUE(compare(floats({1}, {1.0f}), floats({1}, {1.5f}), {0.5, 0}).passed);
}

TEST(Compare, NotANumberNeverPasses) {
  const Tensor nan = floats({2}, {std::nanf(""), 1}), one = floats({2}, {1, 1});
  for (const auto& [a, b] : {std::pair{nan, one}, {one, nan}, {nan, nan}}) {
    const Comparison c = compare(a, b, {1e30, 1e30});
    EXPECT_FALSE(c.passed && c.maxAbsError < 1e30);
    EXPECT_FALSE(c.passed);
  }
}

TEST(Compare, InfinitiesOfOneSignAreEqual) {
  const Tensor up = floats({2}, {INFINITY, 1}), down = floats({2}, {-INFINITY, 1});
  EXPECT_TRUE(compare(up, up).passed);
  EXPECT_FALSE(compare(up, down).passed);
  EXPECT_FALSE(compare(up, floats({2}, {3, 1})).passed);
}

TEST(Compare, ArgMaxLooksAtEveryRow) {
  const Tensor a = floats({2, 3}, {1, 5, 2, 7, 0, 1});
  EXPECT_TRUE(compare(a, floats({2, 3}, {0, 9, 0, 2, 1, 1})).argMaxEqual);
  EXPECT_FALSE(compare(a, floats({2, 3}, {0, 9, 0, 1, 2, 1})).argMaxEqual);
}

TEST(Compare, CosineOfAnglesAndZeros) {
  EXPECT_NEAR(compare(floats({2}, {1, 0}), floats({2}, {1, 1})).cosineSimilarity, 0.70710678, 1e-7);
  EXPECT_EQ(compare(floats({2}, {0, 0}), floats({2}, {0, 0})).cosineSimilarity, 1);
  EXPECT_EQ(compare(floats({2}, {0, 0}), floats({2}, {0, 1})).cosineSimilarity, 0);
}

TEST(Compare, ListsGiveTheWorst) {
  const std::vector<Tensor> a = {floats({1}, {1}), floats({1}, {2})};
  const std::vector<Tensor> b = {floats({1}, {1}), floats({1}, {3})};
  EXPECT_EQ(compare(a, b).maxAbsError, 1);
  EXPECT_FALSE(compare(a, b).passed);
  EXPECT_THROW(compare(std::span(a).first(1), b), BadInput);
  EXPECT_THROW(compare(floats({2}, {1, 2}), floats({1}, {1})), BadInput);
}

}  // namespace
}  // namespace npusim
