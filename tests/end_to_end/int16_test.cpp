#include <gtest/gtest.h>

#include <algorithm>

#include "sim/config/load_config.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/graph_builder.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"

/// int16 on nvdla_full, which has no fp32: everything is a code. Random graphs of all operators are
/// held to the evaluation in random_graphs_test.cpp.
namespace npusim::end_to_end {
namespace {

constexpr std::int64_t kInner = 1500;

Graph product(Random& random) {
  GraphBuilder net;
  const ValueId x = net.input({5, kInner});
  const ValueId w = net.constant(random.floats({kInner, 40}, 1));
  const ValueId bias = net.constant(random.floats({40}, 20));
  net.graph().outputs = {net.add(MatMul{}, {x, w, bias})};
  return net.graph();
}

std::vector<Tensor> realsOf(const Graph& compiled, const std::vector<Tensor>& outputs) {
  std::vector<Tensor> reals;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    reals.push_back(dequantize(outputs[i], *compiled.value(compiled.outputs[i]).quantization));
  }
  return reals;
}

TEST(Int16, SumsAreWiderThanThirtyTwoBits) {
  const ChipConfig chip = loadChip("nvdla_full", {});
  for (unsigned seed = 0; seed < 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Graph graph = product(random);
    const Inputs inputs = {{graph.value(graph.inputs[0]).name, random.floats({5, kInner}, 1)}};
    const Compiled compiled = compileFor(graph, chip, DataType::Int16, {inputs});
    const Inputs stored = storedInputs(compiled.graph, inputs);
    const Execution execution = execute(compiled.program, stored);
    ASSERT_EQ(execution.error, "");
    EXPECT_TRUE(sameBytes(execution.outputs, evaluate(compiled.graph, stored)));
    // Scales reach four times what was seen: results are of steps of 4 / 32,767, the rounding of
    // inputs and weights adds up like a random walk.
    const Comparison error = compare(realsOf(compiled.graph, execution.outputs),
                                     evaluate(graph, inputs), {0, 4.0 / 32767});
    EXPECT_TRUE(error.passed) << error.maxRelError;
  }
}

TEST(Int16, WhatCalibrationDidNotSeeSaturates) {
  const ChipConfig chip = loadChip("nvdla_full", {});
  Random random(1);
  const Graph graph = product(random);
  const std::string name = graph.value(graph.inputs[0]).name;
  const Compiled compiled =
      compileFor(graph, chip, DataType::Int16, {{{name, random.floats({5, kInner}, 1)}}});
  const Inputs stored = storedInputs(compiled.graph, {{name, random.floats({5, kInner}, 1000)}});
  const Execution execution = execute(compiled.program, stored);
  ASSERT_EQ(execution.error, "");
  EXPECT_TRUE(sameBytes(execution.outputs, evaluate(compiled.graph, stored)));
  const auto codes = stored.at(name).as<std::int16_t>();
  EXPECT_EQ(*std::max_element(codes.begin(), codes.end()), 32767);
  EXPECT_EQ(*std::min_element(codes.begin(), codes.end()), -32768);
}

TEST(Int16, NothingHasAZeroPointAndBiasesAreWide) {
  Random random(2);
  const Graph graph = product(random);
  const Graph codes = toPrecision(optimize(graph), loadChip("nvdla_full", {}), DataType::Int16, {});
  for (const Value& value : codes.values) {
    EXPECT_EQ(value.quantization ? value.quantization->zeroPoint : 0, 0) << value.name;
  }
  EXPECT_EQ(codes.value(codes.nodes.at(0).inputs.at(0)).type, DataType::Int16);
  EXPECT_EQ(codes.value(codes.nodes.at(0).inputs.at(1)).type, DataType::Int16);
  EXPECT_EQ(codes.value(codes.nodes.at(0).inputs.at(2)).type, DataType::Int64);
}

}  // namespace
}  // namespace npusim::end_to_end
