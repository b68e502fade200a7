#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/expectations.h"
#include "tests/end_to_end/random_chip.h"
#include "tests/end_to_end/random_graph.h"
#include "tests/end_to_end/slowed.h"
#include "tests/tools/process.h"

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

/// False when the network does not fit the chip, or not the partition.
bool check(unsigned seed, DataType precision) {
  Random random(seed);
  const Graph graph = randomGraph(random);
  const ChipConfig chip = withFormat(chipOfCores(random), precision);
  const auto partition = random.among<Partition>(
      {Partition::Auto, Partition::Channel, Partition::Row, Partition::Batch, Partition::Pipeline});
  const std::vector<Inputs> samples = {randomInputs(random, graph)};
  SCOPED_TRACE(fmt::format("seed {} {} {} cores {}\n{}", seed, name(precision), chip.cores,
                           name(partition), graph.toText()));
  const std::optional<Compiled> compiled =
      compiledIfItFits(graph, chip, precision, samples, partition);
  if (!compiled) return false;
  const Inputs stored = storedInputs(compiled->graph, randomInputs(random, graph));
  const Execution execution = execute(compiled->program, stored);
  EXPECT_EQ(execution.error, "");
  if (!execution.error.empty()) return true;
  expectRightValues(*compiled, precision, execution, stored,
                    toleranceOf(precision, compiled->graph));
  EXPECT_EQ(execution.macs, macsOf(graph));
  // What is right only by its timing shows when other engines are slow.
  const unsigned engines =
      static_cast<unsigned>(random.integer(1, kTimings - 1)) | bitOf(isa::Engine::Vector);
  expectSameOnOtherTiming(compiled->program, chip, engines, execution, stored);
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
                         testing::Values(DataType::Float32, DataType::Float16, DataType::Int16,
                                         DataType::Int8),
                         [](const auto& format) { return std::string(name(format.param)); });

TEST(Partition, ANoteSaysWhatCannotFollow) {
  const tools::Finished finished =
      tools::npusim({"run", "--workload", "resnet50", "--values", "off", "--set", "cores=4",
                     "--partition", "batch", "--reference", "none"});
  EXPECT_EQ(finished.exitCode, 0);
  EXPECT_EQ(finished.err,
            "npusim: note: --partition batch: 56 of 56 layers cannot be dealt so and went by cost "
            "(conv1, max_pool_1, layer1_first.conv1, layer1_first.conv2, ...)\n");
}

}  // namespace
}  // namespace npusim::end_to_end
