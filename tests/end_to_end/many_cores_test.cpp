#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/random_chip.h"
#include "tests/end_to_end/random_graph.h"
#include "tests/end_to_end/slowed.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

constexpr unsigned kGraphs = 150;

/// A random chip with some cores in a random network; now and then without any memory.
ChipConfig chipOfCores(Random& random) {
  ChipConfig chip = randomChip(random);
  chip.cores = random.integer(2, 9);
  chip.network.topology = random.among<Topology>(
      {Topology::Crossbar, Topology::Mesh, Topology::Ring, Topology::Exchange});
  chip.network.linkBytes = random.among<std::int64_t>({4, 32});
  chip.network.memoryPorts = random.integer(1, 2);
  chip.network.multicast = random.once(2);
  chip.network.supersteps = random.once(4);
  chip.keepWeights = random.once(3);
  if (random.once(3)) {
    chip.memories.clear();
    chip.network.memoryPorts = 1;
    for (BufferConfig& buffer : chip.buffers) buffer.capacityBytes *= 8;
  }
  return parseChip(toYaml(chip), "random chip of cores");
}

/// The order of sums may differ where input channels are tiled or dealt, the last bit anywhere.
Tolerance toleranceOf(DataType precision, const Graph& graph) {
  const double lastBit = std::ldexp(1.0, precision == DataType::Float32 ? -23 : -10);
  return {0, lastBit * static_cast<double>(graph.nodes.size() + 1) + std::ldexp(1024.0, -23)};
}

void expectRightValues(const Compiled& compiled, DataType precision, const Execution& execution,
                       const Inputs& stored) {
  const std::vector<Tensor> reference = evaluate(compiled.graph, stored);
  const Comparison difference =
      compare(execution.outputs, reference, toleranceOf(precision, compiled.graph));
  EXPECT_TRUE(difference.passed) << difference.maxRelError << " of max|ref|";
  EXPECT_TRUE(precision != DataType::Int8 || sameBytes(execution.outputs, reference));
}

/// What is right only by its timing shows when other engines are slow.
void expectSameOnOtherTiming(Random& random, const isa::Program& program, const ChipConfig& chip,
                             const Execution& first, const Inputs& stored) {
  const auto engines = static_cast<unsigned>(random.integer(1, kTimings - 1)) |
                       1U << static_cast<unsigned>(isa::Engine::Vector);
  const Slowed other = slowed(program, chip, engines);
  const Execution execution = execute(other.chip, other.program, stored);
  EXPECT_EQ(execution.error, "") << "slow engines " << engines;
  EXPECT_TRUE(sameBytes(execution.outputs, first.outputs)) << "slow engines " << engines;
}

/// False when the network does not fit the chip, or not the partition.
bool check(unsigned seed, DataType precision) {
  Random random(seed);
  const Graph graph = randomGraph(random);
  const ChipConfig chip = chipOfCores(random);
  const auto partition = random.among<Partition>(
      {Partition::Auto, Partition::Channel, Partition::Row, Partition::Batch, Partition::Pipeline});
  const std::vector<Inputs> samples = {randomInputs(random, graph)};
  SCOPED_TRACE(fmt::format("seed {} {} {} cores {}\n{}", seed, name(precision), chip.cores,
                           name(partition), graph.toText()));
  Compiled compiled;
  try {
    compiled = compileFor(graph, chip, precision, samples, partition);
  } catch (const NotPossible&) {
    return false;
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
    return true;
  }
  const Inputs stored = storedInputs(compiled.graph, randomInputs(random, graph));
  const Execution execution = execute(compiled.program, stored);
  EXPECT_EQ(execution.error, "");
  if (!execution.error.empty()) return true;
  expectRightValues(compiled, precision, execution, stored);
  EXPECT_EQ(execution.macs, macsOf(graph));
  expectSameOnOtherTiming(random, compiled.program, chip, execution, stored);
  return true;
}

class ManyCores : public testing::TestWithParam<DataType> {};

TEST_P(ManyCores, ComputeWhatTheEvaluationComputes) {
  unsigned fits = 0;
  for (unsigned seed = 1; seed <= kGraphs && !HasFailure(); ++seed) {
    if (check(seed, GetParam())) ++fits;
  }
  EXPECT_GE(fits, HasFailure() ? 0 : kGraphs / 2) << "of " << kGraphs << " fit their chips";
}

INSTANTIATE_TEST_SUITE_P(Formats, ManyCores,
                         testing::Values(DataType::Float32, DataType::Float16, DataType::Int8),
                         [](const auto& format) { return std::string(name(format.param)); });

}  // namespace
}  // namespace npusim::end_to_end
