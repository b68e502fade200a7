#include "workloads/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "sim/core/error.h"

namespace npusim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ValueId addInput(Graph& graph, const std::string& name, Shape shape) {
  const ValueId id = graph.addValue({name, DataType::Float32, std::move(shape), {}, {}});
  graph.inputs.push_back(id);
  return id;
}

/// x -> conv -> relu -> (+ x) -> y, and a node that nobody needs.
Graph smallGraph() {
  Graph graph;
  const ValueId unused = graph.addConstant("unused", scalarTensor(3));
  const ValueId x = addInput(graph, "x", {1, 2, 4, 4});
  const ValueId w =
      graph.addValue({"w", DataType::Float32, {2, 2, 3, 3}, Constant{{}, 0.5, {}}, {}});
  const Convolution conv{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1};
  const ValueId c = graph.addNode({"conv", "Conv", conv, {x, w, kNoValue}, {}, kNoValue}, "c");
  graph.addNode({"dead",
                 "Add",
                 Elementwise{},
                 {c, unused},
                 {{.op = ElementOp::Add, .operand = 1}},
                 kNoValue});
  const ValueId y = graph.addNode({"end",
                                   "Relu",
                                   Elementwise{},
                                   {c, x},
                                   {{.op = ElementOp::Relu}, {.op = ElementOp::Add, .operand = 1}},
                                   kNoValue},
                                  "y");
  graph.outputs = {y};
  return graph;
}

TEST(Graph, TextShowsEveryValueOnce) {
  EXPECT_EQ(smallGraph().toText(), R"(%x = input : fp32 1x2x4x4
%unused = [3] : fp32 scalar
%w = splat(0.5) : fp32 2x2x3x3
%c = Convolution(%x, %w, _) {strides=1x1 dilations=1x1 pads=1x1:1x1 groups=1} : fp32 1x2x4x4
%dead = Elementwise(%c, %unused) |> add(%unused) : fp32 1x2x4x4
%y = Elementwise(%c, %x) |> relu |> add(%x) : fp32 1x2x4x4
return %y
)");
}

TEST(Graph, TextShortensIndexLists) {
  Graph graph;
  const ValueId x = addInput(graph, "x", {6, 8});
  const Remap remap{{{-1, 0, 1, 2, 3, 4, 5, -1}, {7, 5, 3, 1, 0, 0, 0, 0}}, 1};
  graph.addNode({"pad", "Pad", remap, {x}, {}, kNoValue});
  EXPECT_THAT(graph.toText(), HasSubstr("Remap(%x) {[-1,0:6,-1] [7:-1:-2,0*4] fill=1}"));
}

TEST(Graph, AddNodeNamesTheNodeThatDoesNotFit) {
  Graph graph;
  const ValueId x = addInput(graph, "x", {2, 3});
  try {
    graph.addNode({"top", "Gemm", MatMul{}, {x, x, kNoValue}, {}, kNoValue});
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(), "node 'top' (Gemm): cannot multiply 2x3 with 2x3");
  }
  EXPECT_THAT(graph.nodes, IsEmpty());
}

TEST(Graph, ComparisonsGiveBooleans) {
  Graph graph;
  const ValueId x = addInput(graph, "x", {2});
  const ValueId y = graph.addNode(
      {"same", "Equal", Elementwise{}, {x, x}, {{.op = ElementOp::Equal, .operand = 1}}, kNoValue});
  EXPECT_EQ(graph.value(y).type, DataType::Bool);
}

TEST(Graph, KnowsReadersAndWriters) {
  const Graph graph = smallGraph();
  EXPECT_THAT(graph.producers(), ElementsAre(-1, -1, -1, 0, 1, 2));
  EXPECT_THAT(graph.consumers(), ElementsAre(ElementsAre(1), ElementsAre(0, 2), ElementsAre(0),
                                             ElementsAre(1, 2), IsEmpty(), IsEmpty()));
}

TEST(Graph, RemoveDeadKeepsWhatReachesAnOutput) {
  Graph graph = smallGraph();
  graph.removeDead();
  graph.verify();
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(graph.nodes[1].name, "end");
  EXPECT_EQ(graph.values.size(), 4u);
  EXPECT_EQ(graph.value(graph.inputs[0]).name, "x");
  EXPECT_EQ(graph.value(graph.outputs[0]).name, "y");
  EXPECT_EQ(graph.value(graph.nodes[0].inputs[1]).name, "w");
}

TEST(Graph, RemoveDeadKeepsUnreadInputs) {
  Graph graph = smallGraph();
  addInput(graph, "ignored", {7});
  graph.removeDead();
  EXPECT_EQ(graph.value(graph.inputs.at(1)).name, "ignored");
}

TEST(Graph, CountsMultiplyAccumulates) {
  Graph graph = smallGraph();
  EXPECT_EQ(macCount(graph, graph.nodes[0]), 2 * 4 * 4 * 2 * 3 * 3);
  EXPECT_EQ(macCount(graph, graph.nodes[2]), 0);
  const ValueId a = addInput(graph, "a", {3, 5, 7});
  const ValueId b = addInput(graph, "b", {11, 7});
  graph.addNode({"product", "MatMul", MatMul{true}, {a, b, kNoValue}, {}, kNoValue});
  EXPECT_EQ(macCount(graph, graph.nodes.back()), 3 * 5 * 7 * 11);
}

TEST(Graph, OperationsHaveNames) {
  EXPECT_EQ(name(Operation{Convolution{}}), "Convolution");
  EXPECT_EQ(name(Operation{LocalResponseNorm{}}), "LocalResponseNorm");
  EXPECT_EQ(name(Operation{Gather{}}), "Gather");
}

struct Damage {
  const char* message;
  std::function<void(Graph&)> apply;
};

TEST(Graph, VerifyFindsEveryDamage) {
  smallGraph().verify();
  const std::vector<Damage> damages = {
      {"two values are called 'x'", [](Graph& g) { g.value(2).name = "x"; }},
      {"a value has no name", [](Graph& g) { g.value(2).name.clear(); }},
      {"two nodes are called 'conv'", [](Graph& g) { g.nodes[1].name = "conv"; }},
      {"before it is written", [](Graph& g) { std::swap(g.nodes[0], g.nodes[2]); }},
      {"writes a value that exists already", [](Graph& g) { g.nodes[1].output = 3; }},
      {"value id out of range", [](Graph& g) { g.nodes[1].inputs[0] = 99; }},
      {"has no input", [](Graph& g) { g.nodes[1].inputs.clear(); }},
      {"step add of node 'dead' has operand 2", [](Graph& g) { g.nodes[1].steps[0].operand = 2; }},
      {"step relu of node 'end' has operand 1", [](Graph& g) { g.nodes[2].steps[0].operand = 1; }},
      {"gives 1x2x4x4, its value says 9", [](Graph& g) { g.value(3).shape = {9}; }},
      {"must be dense, splat or seeded", [](Graph& g) { g.value(2).constant->seed = 1; }},
      {"of another type", [](Graph& g) { g.value(0).type = DataType::Int8; }},
      {"holds scalar, not 2", [](Graph& g) { g.value(0).shape = {2}; }},
      {"given twice or constant", [](Graph& g) { g.inputs.push_back(1); }},
      {"output 'unwritten' is never written",
       [](Graph& g) {
         g.outputs = {g.addValue({"unwritten", DataType::Float32, {1}, {}, {}})};
       }},
      {"is quantised but no integer",
       [](Graph& g) {
         g.value(3).quantization = Quantization{{1}, 0, 0};
       }},
      {"has 3 scales for shape 1x2x4x4",
       [](Graph& g) {
         g.value(3).type = DataType::Int8;
         g.value(3).quantization = Quantization{{1, 1, 1}, 0, 1};
       }},
  };
  for (const Damage& damage : damages) {
    Graph graph = smallGraph();
    damage.apply(graph);
    try {
      graph.verify();
      ADD_FAILURE() << "accepted; expected: " << damage.message;
    } catch (const InternalError& error) {
      EXPECT_THAT(error.what(), HasSubstr(damage.message));
    }
  }
}

}  // namespace
}  // namespace npusim
