#include <gtest/gtest.h>

#include <cmath>

#include "kernels/pipeline/compress_weights.h"
#include "sim/config/load_config.h"
#include "sim/isa/program_io.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/graph_builder.h"
#include "tests/end_to_end/recurrent_layers.h"
#include "workloads/evaluate/compare.h"
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

const std::vector<Override> kDecoders = {{"decoder.formats", "[int8, int4, palette, pruned]"}};

struct Ran {
  isa::Program program;
  Execution run;
};
Ran ranOf(const Graph& graph, const ChipConfig& chip, const CompileOptions& options,
          const Inputs& inputs) {
  Ran ran{compile(graph, chip, options), {}};
  ran.run = execute(ran.program, inputs);
  EXPECT_EQ(ran.run.error, "");
  return ran;
}

struct Both {
  Ran encoded, dense;
};

/// A graph with its weights in the form of `word`, and with the same values as they are.
Both runBoth(const Graph& original, const ChipConfig& chip, const char* word, Random& random,
             CompileOptions options = {}) {
  Graph graph = toPrecision(optimize(original), chip, DataType::Float16, {});
  compressWeights(graph, chip, *weightChoiceNamed(word), true);
  options.precision = DataType::Float16;
  const Value& x = original.value(original.inputs[0]);
  const Inputs inputs = storedInputs(graph, {{x.name, random.floats(x.shape, 1)}});
  return {ranOf(graph, chip, options, inputs), ranOf(withoutForms(graph), chip, options, inputs)};
}

void expectSameResults(const Both& both) {
  EXPECT_TRUE(sameBytes(both.encoded.run.outputs, both.dense.run.outputs));
}

TEST(CompressedWeights, DramGivesWhatTheFormatTakes) {
  const ChipConfig chip = loadChip("edge", kDecoders);
  constexpr std::int64_t kRows = 256, kColumns = 128, kValues = kRows * kColumns;
  const std::pair<const char*, double> bitsOf[] = {
      {"int8", 8}, {"int4", 4}, {"palette:4", 4}, {"palette:2", 2}, {"pruned:0.75", 1 + 0.25 * 16}};
  for (const auto& [word, bits] : bitsOf) {
    SCOPED_TRACE(word);
    Random random(7);
    GraphBuilder net;
    const ValueId x = net.input({4, kRows});
    const ValueId w = net.constant(random.floats({kRows, kColumns}, 0.3));
    net.graph().outputs = {net.add(MatMul{}, {x, w, kNoValue})};
    const Both both = runBoth(net.graph(), chip, word, random);
    expectSameResults(both);
    const WeightCode& code = both.encoded.program.storages.back().encoded.value().code;
    EXPECT_GE(code.values, kValues);
    EXPECT_LE(code.values, kValues + kValues / 20) << "tiles are filled up";
    const std::int64_t codes = code.bytes() - code.parameterBytes();
    EXPECT_NEAR(static_cast<double>(codes), static_cast<double>(code.values) * bits / 8, 16);
    const std::int64_t saved = 2 * kValues - code.bytes();
    EXPECT_EQ(both.dense.program.compulsoryDramBytes - both.encoded.program.compulsoryDramBytes,
              saved);
    // Tiles of codes begin within bursts.
    const std::int64_t read = both.dense.run.dramBytes.read - both.encoded.run.dramBytes.read;
    EXPECT_LE(read, saved);
    EXPECT_GE(read, saved - saved / 50);
  }
}

TEST(CompressedWeights, InLoopsTheyGiveTheSame) {
  const ChipConfig chip = loadChip("edge", kDecoders);
  for (const bool held : {true, false}) {
    for (const char* word : kWords) {
      SCOPED_TRACE(testing::Message() << word << (held ? ", held" : ", loaded in every pass"));
      Random random(3);
      const Graph original = recurrentLayers(
          {.layers = 2, .steps = 4, .batch = 2, .width = 72, .products = 2}, random);
      CompileOptions options;
      options.holdConstants = held;
      const Both both = runBoth(original, chip, word, random, options);
      expectSameResults(both);
      EXPECT_LT(both.encoded.run.dramBytes.read, both.dense.run.dramBytes.read);
    }
  }
}

/// Encoded weights may be tiled and dealt otherwise, and sums come in another order then.
TEST(CompressedWeights, OnSeveralCoresTheyGiveTheSame) {
  std::vector<Override> overrides = kDecoders;
  overrides.emplace_back("cores", "4");
  const ChipConfig chip = loadChip("edge", overrides);
  for (unsigned seed = 0; seed < 4; ++seed) {
    for (const char* word : kWords) {
      SCOPED_TRACE(testing::Message() << word << ", seed " << seed);
      Random random(seed);
      const Graph original = randomProduct(random);
      const Both both = runBoth(original, chip, word, random);
      const Tolerance order{0, std::ldexp(1, -10)};
      EXPECT_TRUE(compare(both.encoded.run.outputs, both.dense.run.outputs, order).passed);
    }
  }
}

/// The values, scales and zero points that an importer gives weights [k, n] of 8-bit or 4-bit codes
/// with a scale for each column, or for each `rows` rows of one.
Constant cameEncoded(Random& random, std::int64_t k, std::int64_t n, int bits, std::int64_t rows,
                     bool zeroPoints) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  Tensor values(DataType::Float32, {k, n}), scales(DataType::Float32, {k, n});
  Tensor zeros(DataType::Int32, {k, n});
  for (std::int64_t i = 0; i < k * n; ++i) {
    const bool first = i / n % rows == 0;
    scales.set(i, first ? random.real(0.001, 0.02) : scales.at(i - n));
    const double zero =
        first ? static_cast<double>(random.integer(-half, half - 1)) : zeros.at(i - n);
    zeros.set(i, zeroPoints ? zero : 0);
    const auto code = static_cast<double>(random.integer(-half, half - 1));
    values.set(i, (code - zeros.at(i)) * scales.at(i));
  }
  Constant constant;
  constant.dense = std::make_shared<const Tensor>(std::move(values));
  constant.scales = std::make_shared<const Tensor>(std::move(scales));
  if (zeroPoints) constant.zeros = std::make_shared<const Tensor>(std::move(zeros));
  constant.form =
      WeightForm{bits == 4 ? WeightFormat::Int4 : WeightFormat::Int8, bits, 0, zeroPoints, 1};
  return constant;
}

TEST(CompressedWeights, ThoseThatCameEncodedStaySo) {
  const ChipConfig chip = loadChip("edge", kDecoders), plain = loadChip("edge", {});
  for (unsigned seed = 0; seed < 12; ++seed) {
    Random random(seed);
    const std::int64_t k = 32 * random.integer(1, 4), n = random.integer(30, 100);
    const int bits = random.once(2) ? 4 : 8;
    const std::int64_t rows = random.once(2) ? k : 32;
    const DataType type = random.once(2) ? DataType::Float16 : DataType::Float32;
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << k << " x " << n << ", " << bits
                                    << " bits, " << rows << " rows, " << name(type));
    GraphBuilder net;
    const ValueId x = net.input({3, k});
    const ValueId w = net.constant(Tensor(DataType::Float32, {k, n}));
    net.graph().value(w).constant = cameEncoded(random, k, n, bits, rows, random.once(2));
    const ValueId y = net.add(MatMul{}, {x, w, kNoValue});
    const ValueId bias = net.constant(random.floats({n}, 1));  // folded into the product
    net.graph().outputs = {random.once(2) ? y : net.binary(y, ElementOp::Add, bias)};
    const Graph optimized = optimize(net.graph());
    EXPECT_EQ(encodedWeights(toPrecision(optimized, plain, type, {})), 0);
    EXPECT_EQ(encodedWeights(toPrecision(optimized, chip, DataType::Int8, {})), 0);
    const Graph graph = toPrecision(optimized, chip, type, {});
    ASSERT_EQ(encodedWeights(graph), 1);
    const Inputs inputs =
        storedInputs(graph, {{net.graph().value(x).name, random.floats({3, k}, 1)}});
    const CompileOptions options{type, Objective::Latency, true, Partition::Auto};
    const Both both = {ranOf(graph, chip, options, inputs),
                       ranOf(withoutForms(graph), chip, options, inputs)};
    expectSameResults(both);
    EXPECT_LT(both.encoded.run.dramBytes.read, both.dense.run.dramBytes.read);
    if (type == DataType::Float32) {
      const Graph values = toPrecision(optimized, plain, type, {});
      EXPECT_TRUE(sameBytes(both.encoded.run.outputs,
                            execute(compile(values, plain, options), inputs).outputs));
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
