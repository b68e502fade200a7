#include <gtest/gtest.h>

#include <string>

#include "sim/config/load_config.h"
#include "tests/end_to_end/attention_layer.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/expectations.h"

namespace npusim::end_to_end {
namespace {

AttentionLayer randomLayer(Random& random) {
  AttentionLayer layer;
  layer.batch = random.integer(1, 2);
  layer.heads = random.integer(1, 4);
  layer.groups = random.integer(1, 2);
  layer.queries = random.integer(20, 90);
  layer.keys = random.integer(20, 90);
  layer.size = random.integer(4, 40);
  layer.transposedKeys = random.once(2);
  layer.self = random.once(4);
  layer.mask = random.once(2);
  layer.positions = random.once(2);
  layer.joined = random.once(2);
  layer.scaledAfter = random.once(3);
  layer.lateValues = random.once(3);
  return layer;
}

std::vector<Inputs> samplesFor(const Graph& graph, Random& random, int count) {
  std::vector<Inputs> samples(static_cast<std::size_t>(count));
  for (Inputs& sample : samples) {
    for (const ValueId id : graph.inputs) {
      sample[graph.value(id).name] = random.floats(graph.value(id).shape, 1);
    }
  }
  return samples;
}

/// The same graph compiled with attention left whole.
isa::Program whole(const Compiled& compiled, const ChipConfig& chip, DataType precision) {
  CompileOptions options;
  options.precision = precision;
  options.tileAttention = false;
  return compile(compiled.graph, chip, options);
}

/// Of all random attentions that were cut.
struct Tally {
  int attentions = 0;
  std::int64_t cycles = 0, wholeCycles = 0;
};

/// Attention cut and left whole computes the same bits, those of the evaluation within its
/// tolerance, whichever engines are slow; cut, it is not slower but by what estimates of a few
/// thousand cycles are wrong.
void expectSameValues(unsigned seed, DataType precision, Tally& cuts) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const AttentionLayer layer = randomLayer(random);
  const ChipConfig chip =
      loadChip("edge", {{"buffer.capacity_kib", std::to_string(random.integer(24, 64))},
                        {"memory.capacity_mib", "64"}});
  const Graph graph = attentionLayer(layer, random);
  const std::vector<Inputs> samples = samplesFor(graph, random, 2);
  const auto compiled = compiledIfItFits(graph, chip, precision, samples);
  if (!compiled) return;
  const isa::Program uncut = whole(*compiled, chip, precision);
  const Inputs stored = storedInputs(compiled->graph, samples.front());
  const Execution cut = execute(compiled->program, stored);
  const Execution reference = execute(uncut, stored);
  ASSERT_EQ(cut.error + reference.error, "");
  EXPECT_TRUE(sameBytes(cut.outputs, reference.outputs));
  EXPECT_EQ(cut.macs, reference.macs);
  EXPECT_EQ(cut.macs, macsOf(compiled->graph));
  const Tolerance tolerance{precision == DataType::Float16 ? 1e-2 : 1e-4,
                            precision == DataType::Float16 ? 1e-2 : 1e-3};
  expectRightValues(*compiled, precision, cut, stored, tolerance);
  if (compiled->program.semaphores.size() == uncut.semaphores.size()) return;
  ++cuts.attentions;
  cuts.cycles += cut.cycles;
  cuts.wholeCycles += reference.cycles;
  EXPECT_LT(cut.cycles, reference.cycles * 101 / 100);
  expectSameOnOtherTiming(compiled->program, chip, static_cast<unsigned>(random.integer(1, 31)),
                          cut, stored);
}

class AttentionValues : public testing::TestWithParam<DataType> {};

TEST_P(AttentionValues, AreTheSameCutAndWhole) {
  Tally cuts;
  for (unsigned seed = 0; seed < 32; ++seed) expectSameValues(seed, GetParam(), cuts);
  EXPECT_GT(cuts.attentions, 4) << "of the random attentions too few were cut";
  EXPECT_LT(cuts.cycles, cuts.wholeCycles * 9 / 10);
}

INSTANTIATE_TEST_SUITE_P(Formats, AttentionValues,
                         testing::Values(DataType::Float32, DataType::Float16, DataType::Int8),
                         [](const auto& format) { return std::string(name(format.param)); });

TEST(AttentionTiling, SparesTimeAndTrafficWhereScoresDoNotFit) {
  Random random(1);
  const Graph graph = attentionLayer(
      {.heads = 4, .queries = 128, .keys = 128, .size = 32, .positions = true}, random);
  const std::int64_t scores = 4 * 128 * 128 * 4;
  const ChipConfig chip = loadChip("edge", {{"buffer.capacity_kib", "128"}});
  const Inputs inputs = samplesFor(graph, random, 1).front();
  const Compiled compiled = compileFor(graph, chip, DataType::Float32, {inputs});
  const Execution cut = execute(compiled.program, inputs);
  const Execution reference = execute(whole(compiled, chip, DataType::Float32), inputs);
  ASSERT_EQ(cut.error + reference.error, "");
  EXPECT_LT(cut.cycles, reference.cycles * 9 / 10);
  // Without a cut scores are written and read twice.
  const auto moved = [](const ReadWrite& bytes) { return bytes.read + bytes.write; };
  EXPECT_GT(moved(reference.dramBytes), 4 * scores);
  EXPECT_LT(moved(cut.dramBytes), moved(reference.dramBytes) - 3 * scores);
}

}  // namespace
}  // namespace npusim::end_to_end
