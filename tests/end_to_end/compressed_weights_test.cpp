#include <gtest/gtest.h>

#include "kernels/pipeline/compress_weights.h"
#include "sim/config/load_config.h"
#include "sim/isa/program_io.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/graph_builder.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

constexpr const char* kWords[] = {"int8",      "int4",      "palette:2",
                                  "palette:5", "palette:8", "pruned:0.7"};

/// A convolution or product of random extents with weights worth encoding.
Graph randomProduct(Random& random) {
  GraphBuilder net;
  if (random.once(2)) {
    const std::int64_t k = random.integer(30, 150), n = random.integer(30, 150);
    const ValueId x = net.input({random.integer(1, 9), k});
    const bool turned = random.once(2);
    const Shape shape = turned ? Shape{n, k} : Shape{k, n};
    const ValueId w = net.constant(random.floats(shape, 0.3));
    net.graph().outputs = {net.add(MatMul{turned}, {x, w, kNoValue})};
    return net.graph();
  }
  const std::int64_t c = random.integer(8, 40), m = random.integer(20, 60);
  const ValueId x = net.input({1, c, random.integer(3, 7), random.integer(3, 7)});
  const ValueId w = net.constant(random.floats({m, c, 3, 2}, 0.3));
  net.graph().outputs = {net.add(Convolution{{1, 1}, {1, 1}, {1, 0}, {1, 1}, 1}, {x, w, kNoValue})};
  return net.graph();
}

Graph withoutForms(Graph graph) {
  for (Value& value : graph.values) {
    if (!value.constant) continue;
    value.constant->form.reset();
    value.constant->scales.reset();
    value.constant->zeros.reset();
  }
  return graph;
}

isa::Program compiled(const Graph& graph, const ChipConfig& chip) {
  return compile(graph, chip, {DataType::Float16, Objective::Latency, true, Partition::Auto});
}

TEST(CompressedWeights, TheMachineComputesWhatTheirValuesGive) {
  const ChipConfig chip = loadChip("edge", {{"decoder.formats", "[int8, int4, palette, pruned]"},
                                            {"array.rows", "16"},
                                            {"array.cols", "16"}});
  for (unsigned seed = 0; seed < 4; ++seed) {
    for (const char* word : kWords) {
      SCOPED_TRACE(testing::Message() << word << ", seed " << seed);
      Random random(seed);
      const Graph original = randomProduct(random);
      Graph graph = toPrecision(optimize(original), chip, DataType::Float16, {});
      compressWeights(graph, chip, *weightChoiceNamed(word), true);
      const Inputs inputs =
          storedInputs(graph, {{original.value(original.inputs[0]).name,
                                random.floats(original.value(original.inputs[0]).shape, 1)}});
      const isa::Program program = compiled(graph, chip);
      const isa::Program dense = compiled(withoutForms(graph), chip);
      EXPECT_LT(program.compulsoryDramBytes, dense.compulsoryDramBytes);
      const Execution execution = execute(program, inputs);
      ASSERT_EQ(execution.error, "");
      EXPECT_TRUE(sameBytes(execution.outputs, execute(dense, inputs).outputs));
    }
  }
}

TEST(CompressedWeights, ProgramsRoundTripAsText) {
  const ChipConfig chip = loadChip("edge", {{"decoder.formats", "[int4, pruned]"}});
  for (const char* word : {"int4", "pruned:0.5"}) {
    Random random(1);
    Graph graph = toPrecision(optimize(randomProduct(random)), chip, DataType::Float16, {});
    compressWeights(graph, chip, *weightChoiceNamed(word), true);
    const isa::Program program = compiled(graph, chip);
    const std::string text = isa::toText(program);
    EXPECT_NE(text.find(" encoded "), std::string::npos);
    EXPECT_EQ(isa::toText(isa::parse(text, "text")), text);
  }
}

}  // namespace
}  // namespace npusim::end_to_end
