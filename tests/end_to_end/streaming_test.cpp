#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/config/load_config.h"
#include "sim/core/rounding.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/recurrent_layers.h"

/// Recurrent networks, on one core and on several, whose weights come over the host link because
/// the memory has no room for them.
namespace npusim::end_to_end {
namespace {

constexpr std::int64_t kWidth = 96;
constexpr std::int64_t kMemoryUnit = 32 * 1024;  ///< whole rows of all banks of `edge`

struct Case {
  RecurrentLayers layers;
  ChipConfig chip;
};

std::int64_t weightBytes(const RecurrentLayers& layers) {
  return layers.layers * layers.products * kWidth * kWidth * byteSize(DataType::Float32);
}

Case randomCase(Random& random) {
  Case made{{.layers = static_cast<int>(random.integer(2, 4)),
             .steps = random.integer(2, 4),
             .batch = random.integer(1, 3),
             .width = kWidth,
             .products = static_cast<int>(random.integer(1, 3))},
            loadChip("edge", {})};
  made.chip.cores = random.among<std::int64_t>({1, 1, 2, 4});
  // So small that several cores cannot keep the weights themselves.
  const std::int64_t kib = made.chip.cores > 1 ? 8 : random.among<std::int64_t>({48, 128, 512});
  made.chip.buffers.front().capacityBytes = kib * 1024;
  made.chip.memories.back().capacityBytes =
      kMemoryUnit + roundUp(weightBytes(made.layers) / random.integer(3, 8), kMemoryUnit);
  return made;
}

std::int64_t bytesAtHost(const isa::Program& program) {
  std::int64_t bytes = 0;
  for (const isa::ConstantBlock& constant : program.constants) {
    const auto storage = static_cast<std::size_t>(constant.storage);
    if (program.storages[storage].name == "host") bytes += constant.size;
  }
  return bytes;
}

class StreamedWeights : public testing::TestWithParam<unsigned> {};

TEST_P(StreamedWeights, GiveTheValuesThatWeightsInMemoryGive) {
  Random random(GetParam());
  auto [layers, chip] = randomCase(random);
  const Graph graph = recurrentLayers(layers, random);
  SCOPED_TRACE(fmt::format("seed {}, {} cores\n{}", GetParam(), chip.cores, graph.toText()));
  const Graph ready = toPrecision(optimize(graph), chip, DataType::Float32, {});
  const Inputs inputs = {{"x", random.floats({layers.steps, layers.batch, kWidth}, 1)}};
  CompileOptions options{DataType::Float32, Objective::Latency, true};
  options.allowStreaming = true;
  const isa::Program streams = compile(ready, chip, options);
  EXPECT_GT(bytesAtHost(streams), weightBytes(layers) / 4);
  chip.memories.back().capacityBytes += roundUp(weightBytes(layers), kMemoryUnit);
  const isa::Program resident = compile(ready, chip, options);
  EXPECT_EQ(bytesAtHost(resident), 0);

  const Execution a = execute(streams, inputs), b = execute(resident, inputs);
  ASSERT_EQ(a.error, "");
  ASSERT_EQ(b.error, "");
  EXPECT_TRUE(sameBytes(a.outputs, b.outputs));
  EXPECT_EQ(a.macs, b.macs);
  EXPECT_GT(a.cycles, b.cycles) << "the host link is slower than the memory";
}

INSTANTIATE_TEST_SUITE_P(Random, StreamedWeights, testing::Range(1U, 13U));

}  // namespace
}  // namespace npusim::end_to_end
