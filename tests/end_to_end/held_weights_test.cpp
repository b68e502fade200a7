#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/expectations.h"
#include "tests/end_to_end/recurrent_layers.h"

namespace npusim::end_to_end {
namespace {

RecurrentLayers randomLayers(Random& random) {
  RecurrentLayers layers;
  layers.layers = static_cast<int>(random.integer(1, 2));
  layers.steps = random.integer(2, 6);
  layers.batch = random.integer(1, 5);
  layers.width = random.integer(8, 100);
  layers.products = static_cast<int>(random.integer(1, 3));
  return layers;
}

bool holds(const isa::Program& program) {
  return std::any_of(program.layers.begin(), program.layers.end(),
                     [](const isa::Layer& layer) { return layer.op == "Hold"; });
}

/// Where the weights lie changes when they are read, not what comes out.
TEST(HeldWeights, ComputeTheSameAsStreamedOnes) {
  int held = 0;
  for (unsigned seed = 0; seed < 12; ++seed) {
    Random random(seed);
    const RecurrentLayers layers = randomLayers(random);
    const Graph graph = optimize(recurrentLayers(layers, random));
    const ChipConfig chip =
        loadChip("edge", {{"buffer.capacity_kib", std::to_string(random.integer(16, 96))}});
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Inputs inputs = {{"x", random.floats({layers.steps, layers.batch, layers.width}, 1)}};
    CompileOptions options;
    const isa::Program resident = compile(graph, chip, options);
    options.holdConstants = false;
    const isa::Program streamed = compile(graph, chip, options);
    const Execution a = execute(resident, inputs);
    const Execution b = execute(streamed, inputs);
    ASSERT_EQ(a.error + b.error, "") << "seed " << seed;
    const Tolerance tolerance;
    expectRightValues({graph, resident}, DataType::Float32, a, inputs, tolerance);
    expectRightValues({graph, streamed}, DataType::Float32, b, inputs, tolerance);
    EXPECT_FALSE(holds(streamed)) << "seed " << seed;
    held += holds(resident) ? 1 : 0;
  }
  EXPECT_GT(held, 4);
}

/// Over several cores too, some of the tasks on a part of them, and whichever engines are slow.
TEST(HeldWeights, DependOnNobodysTiming) {
  const std::vector<std::string> networks = {"mesh", "crossbar", "ring"};
  for (unsigned seed = 100; seed < 110; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const RecurrentLayers layers = randomLayers(random);
    const Graph graph = optimize(recurrentLayers(layers, random));
    const std::int64_t cores = random.integer(1, 4);
    std::vector<Override> changes = {
        {"buffer.capacity_kib", std::to_string(random.integer(16, 96))},
        {"cores", std::to_string(cores)}};
    if (cores > 1) changes.emplace_back("network.topology", random.among(networks));
    const ChipConfig chip = loadChip("edge", changes);
    const Inputs inputs = {{"x", random.floats({layers.steps, layers.batch, layers.width}, 1)}};
    const isa::Program program = compile(graph, chip, {});
    const Execution first = execute(program, inputs);
    ASSERT_EQ(first.error, "");
    expectRightValues({graph, program}, DataType::Float32, first, inputs, Tolerance());
    const auto engines = static_cast<unsigned>(random.integer(1, 31));
    expectSameOnOtherTiming(program, chip, engines, first, inputs);
  }
}

TEST(HeldWeights, AreFasterThanStreamedOnes) {
  Random random(1);
  const Graph graph =
      optimize(recurrentLayers({.layers = 1, .steps = 16, .batch = 1, .width = 128}, random));
  const ChipConfig chip = loadChip("edge", {});
  const Inputs inputs = {{"x", random.floats({16, 1, 128}, 1)}};
  CompileOptions options;
  const Execution held = execute(compile(graph, chip, options), inputs);
  options.holdConstants = false;
  const Execution streamed = execute(compile(graph, chip, options), inputs);
  EXPECT_EQ(held.error + streamed.error, "");
  EXPECT_LT(2 * held.cycles, streamed.cycles);
}

}  // namespace
}  // namespace npusim::end_to_end
