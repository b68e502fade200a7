#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "kernels/pipeline/compile.h"
#include "kernels/pipeline/passes.h"
#include "sim/config/load_config.h"
#include "tests/end_to_end/graph_builder.h"
#include "tests/kernels/test_chip.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim {
namespace {

using end_to_end::GraphBuilder;
using end_to_end::Random;

constexpr std::int64_t kBatch = 3, kInputs = 5, kGate = 4;

/// x W, taken apart into gates that go on as an LSTM's do.
class Gates {
 public:
  explicit Gates(unsigned seed, bool transposed = false) : random_(seed) {
    const Shape weights = transposed ? Shape{3 * kGate, kInputs} : Shape{kInputs, 3 * kGate};
    x = net.input({kBatch, kInputs});
    other = net.input({kBatch, 3 * kGate});
    product = net.add(MatMul{transposed}, {x, constant(weights), constant({3 * kGate})});
    sums = net.binary(product, ElementOp::Add, other);
  }

  ValueId constant(const Shape& shape) { return net.constant(random_.floats(shape, 1)); }

  ValueId gate(std::int64_t which, std::int64_t width = kGate) {
    Remap part;
    part.source.resize(2);
    for (std::int64_t i = 0; i < width; ++i) part.source[1].push_back(which * kGate + i);
    return net.add(std::move(part), {sums});
  }

  /// f(gate 0) x g(gate 1) + h(gate 2), times a matrix that makes what it reads int8.
  ValueId result() {
    const ValueId a = net.unary(gate(0), ElementOp::Sigmoid);
    const ValueId b = net.unary(gate(1), ElementOp::Tanh);
    const ValueId c = net.unary(gate(2), ElementOp::Tanh);
    const ValueId y = net.binary(net.binary(a, ElementOp::Mul, b), ElementOp::Add, c);
    return net.add(MatMul{}, {y, constant({kGate, 2}), kNoValue});
  }

  Graph graph(std::vector<ValueId> outputs) {
    net.graph().outputs = std::move(outputs);
    net.graph().verify();
    return optimize(net.graph());
  }

  std::map<std::string, Tensor> inputs() {
    return {{net.graph().value(x).name, random_.floats({kBatch, kInputs}, 1)},
            {net.graph().value(other).name, random_.floats({kBatch, 3 * kGate}, 1)}};
  }

  GraphBuilder net;
  ValueId x, other, product, sums;

 private:
  Random random_;
};

std::map<std::string, Tensor> storedInputs(const Graph& graph,
                                           const std::map<std::string, Tensor>& reals) {
  std::map<std::string, Tensor> stored;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    const Tensor& real = reals.at(value.name);
    stored[value.name] =
        value.quantization ? quantize(real, value.type, *value.quantization) : real;
  }
  return stored;
}

std::int64_t products(const Graph& graph) {
  return std::ranges::count_if(
      graph.nodes, [](const Node& node) { return std::holds_alternative<MatMul>(node.operation); });
}

bool slices(Gates& gates, std::vector<ValueId> outputs, std::int64_t columns = 4) {
  Graph graph = gates.graph(std::move(outputs));
  return passes::sliceProducts(graph, testChip(4, columns, 2048));
}

/// Neither sums nor gates are stored any more, and every bit of the result is as before.
TEST(SliceProducts, GatesFollowTheirOwnProducts) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Gates gates(seed, seed % 2 == 1);
    const ValueId y = gates.result();
    const Graph graph = gates.graph({y});
    const auto inputs = gates.inputs();
    const ChipConfig chip = testChip(4, 4, 4096);
    for (const DataType format : {DataType::Float32, DataType::Int8}) {
      Calibration seen;
      evaluate(graph, inputs,
               [&](const Value& value, const Tensor& tensor) { seen.add(value.name, tensor); });
      const Graph before = toPrecision(graph, chip, format, seen);
      const Graph after = fuseBehindProducts(before, chip);
      EXPECT_EQ(products(after), 4);
      EXPECT_EQ(std::ranges::count_if(after.nodes,
                                      [](const Node& node) {
                                        return std::holds_alternative<Elementwise>(node.operation);
                                      }),
                0)
          << after.toText();
      const std::map<std::string, Tensor> stored = storedInputs(before, inputs);
      const Tensor a = evaluate(before, stored)[0], b = evaluate(after, stored)[0];
      EXPECT_TRUE(std::ranges::equal(a.bytes(), b.bytes())) << after.toText();
    }
  }
}

TEST(SliceProducts, OnlyWhereTheArrayHasNoMoreFolds) {
  Gates four(1), eight(1);
  EXPECT_TRUE(slices(four, {four.result()}, 4));
  EXPECT_FALSE(slices(eight, {eight.result()}, 8));  // 12 columns are 2 folds, 3 times 4 are 3
}

TEST(SliceProducts, NotWhereTheSumsAreNeededWhole) {
  Gates output(1), reader(1);
  EXPECT_FALSE(slices(output, {output.result(), output.sums}));
  const ValueId all = reader.net.unary(reader.sums, ElementOp::Abs);
  EXPECT_FALSE(slices(reader, {reader.result(), all}));
}

TEST(SliceProducts, NotWhereAPartIsOnlyMoved) {
  Gates gates(1);
  const ValueId y = gates.result();
  EXPECT_FALSE(slices(gates, {y, gates.gate(1)}));
}

TEST(SliceProducts, NotWhereAPartHasSeveralReaders) {
  Gates gates(1);
  const ValueId part = gates.gate(0);
  const ValueId a = gates.net.unary(part, ElementOp::Sigmoid);
  const ValueId b = gates.net.unary(part, ElementOp::Tanh);
  EXPECT_FALSE(slices(gates, {gates.net.binary(a, ElementOp::Mul, b)}));
}

TEST(SliceProducts, NotWhereThePartsAreNotTheWhole) {
  Gates two(1), twice(1);
  const auto read = [](Gates& gates, std::int64_t which) {
    return gates.net.unary(gates.gate(which), ElementOp::Tanh);
  };
  const ValueId some = two.net.binary(read(two, 0), ElementOp::Mul, read(two, 1));
  EXPECT_FALSE(slices(two, {some})) << "nobody reads gate 2";
  ValueId all = read(twice, 0);
  for (const std::int64_t which : {0, 1, 2}) {
    all = twice.net.binary(all, ElementOp::Mul, read(twice, which));
  }
  EXPECT_FALSE(slices(twice, {all})) << "gate 0 is read twice";
}

/// As in a recurrent layer that is written out step by step.
TEST(SliceProducts, ProductsMayShareTheirWeights) {
  GraphBuilder net;
  Random random(1);
  const ValueId w = net.constant(random.floats({kInputs, 2 * kGate}, 1));
  const ValueId bias = net.constant(random.floats({2 * kGate}, 1));
  for (int step = 0; step < 2; ++step) {
    const ValueId sums = net.add(MatMul{}, {net.input({kBatch, kInputs}), w, bias});
    std::vector<ValueId> gates;
    for (const std::int64_t first : {std::int64_t{0}, kGate}) {
      Remap part;
      part.source.resize(2);
      for (std::int64_t i = 0; i < kGate; ++i) part.source[1].push_back(first + i);
      gates.push_back(net.unary(net.add(std::move(part), {sums}), ElementOp::Tanh));
    }
    net.graph().outputs.push_back(net.binary(gates[0], ElementOp::Mul, gates[1]));
  }
  Graph graph = optimize(net.graph());
  ASSERT_TRUE(passes::sliceProducts(graph, testChip(4, 4, 2048)));
  graph.verify();
  EXPECT_EQ(products(graph), 4);
}

/// Output columns run along the rows of PEs there.
TEST(SliceProducts, FoldsAreThoseOfTheAxisThatColumnsRunAlong) {
  Gates gates(1);
  ChipConfig chip = loadChip("nvdla_large", {});
  chip.array.rows = kGate;
  Graph graph = gates.graph({gates.result()});
  EXPECT_TRUE(passes::sliceProducts(graph, chip));
}

/// Weights that only a seed stands for are not made.
TEST(SliceProducts, SymbolicWeightsStaySymbolic) {
  Gates gates(1);
  Constant seeded;
  seeded.seed = 9;
  Graph& graph = gates.net.graph();
  const ValueId w = graph.addValue(
      {"seeded", DataType::Float32, {kInputs, 3 * kGate}, std::move(seeded), std::nullopt});
  graph.nodes[0].inputs[1] = w;
  Graph sliced = gates.graph({gates.result()});
  ASSERT_TRUE(passes::sliceProducts(sliced, testChip(4, 4, 2048)));
  std::int64_t parts = 0;
  for (const Value& value : sliced.values) {
    if (!value.constant || !value.constant->seed || value.name == "seeded") continue;
    EXPECT_EQ(value.shape, (Shape{kInputs, kGate}));
    ++parts;
  }
  EXPECT_EQ(parts, 3);
}

// --- What loops take of fp32 sums beside int8 products ---

/// x W for all steps, of which a loop takes one in each pass.
class LoopInputs : public testing::Test {
 protected:
  static constexpr std::int64_t kSteps = 6;

  void SetUp() override {
    sums_ = net_.add(MatMul{}, {net_.input({kSteps, 2, 4}),
                                net_.constant(Random(1).floats({4, 4}, 1)), kNoValue});
    net_.graph().repeats.push_back({.name = "steps", .passes = kSteps});
    taken_ = net_.add(Take{}, {sums_});
    net_.graph().nodes.back().repeat = 0;
    const ValueId tanh = net_.unary(taken_, ElementOp::Tanh);
    net_.graph().nodes.back().repeat = 0;
    const ValueId all = net_.add(Collect{kSteps, false}, {tanh});
    net_.graph().nodes.back().repeat = 0;
    net_.graph().outputs = {all};
  }
  DataType typeAfter(float largest = 1) {
    Calibration seen;
    Tensor tensor(DataType::Float32, {2});
    tensor.set(0, -largest);
    seen.add(net_.graph().value(sums_).name, tensor);
    Graph graph = net_.graph();
    passes::narrowLoopInputs(graph, seen);
    graph.verify();
    EXPECT_EQ(graph.value(sums_).type, graph.value(taken_).type);
    return graph.value(sums_).type;
  }

  GraphBuilder net_;
  ValueId sums_ = kNoValue, taken_ = kNoValue;
};

TEST_F(LoopInputs, AreFp16) { EXPECT_EQ(typeAfter(), DataType::Float16); }

TEST_F(LoopInputs, AreFp32WhereTheyAreLarge) { EXPECT_EQ(typeAfter(4e4F), DataType::Float32); }

TEST_F(LoopInputs, AreFp32WhereTheyAreReadOtherwise) {
  net_.graph().outputs.push_back(net_.unary(sums_, ElementOp::Abs));
  EXPECT_EQ(typeAfter(), DataType::Float32);
}

}  // namespace
}  // namespace npusim
