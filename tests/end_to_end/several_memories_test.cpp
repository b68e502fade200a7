#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/random_chip.h"
#include "tests/end_to_end/random_graph.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

constexpr unsigned kGraphs = 60;

/// A random chip with one or two small memories in front of its own; now and then several cores.
ChipConfig chipOfMemories(Random& random) {
  ChipConfig chip = randomChip(random);
  const MemoryConfig last = chip.memories.back();
  chip.memories.clear();
  for (std::int64_t i = random.integer(1, 2); i > 0; --i) {
    MemoryConfig small = last;
    small.name = fmt::format("near{}", i);
    small.kind = MemoryKind::Sram;
    small.bandwidthGbPerS = 50;
    small.latencyNs = 20;
    small.holds = random.once(2) ? std::vector{Holds::Activations}
                                 : std::vector{Holds::Weights, Holds::Activations};
    small.capacityBytes = random.integer(1, 24) * 1024;
    chip.memories.push_back(small);
  }
  chip.memories.push_back(last);
  if (random.once(4)) chip.cores = random.integer(2, 4);
  return parseChip(toYaml(chip), "random chip of memories");
}

std::set<isa::StorageId> memoriesUsed(const isa::Program& program) {
  std::set<isa::StorageId> used;
  for (const isa::PortTensor& port : program.inputs) used.insert(port.storage);
  for (const isa::PortTensor& port : program.outputs) used.insert(port.storage);
  for (const isa::ConstantBlock& constant : program.constants) used.insert(constant.storage);
  return used;
}

/// In how many storages the ports and constants of a network lie; 0 when it does not fit the chip.
std::size_t check(unsigned seed) {
  Random random(seed);
  const Graph graph = randomGraph(random);
  const ChipConfig chip = chipOfMemories(random);
  SCOPED_TRACE(fmt::format("seed {}\n{}", seed, graph.toText()));
  Compiled compiled;
  try {
    compiled = compileFor(graph, chip, DataType::Float32, {});
  } catch (const NotPossible&) {
    return 0;
  }
  const Inputs inputs = randomInputs(random, graph);
  const Execution execution = execute(compiled.program, storedInputs(compiled.graph, inputs));
  EXPECT_EQ(execution.error, "");
  if (!execution.error.empty()) return 1;
  const std::vector<Tensor> reference = evaluate(compiled.graph, inputs);
  const double relative = 1e-4;
  const Comparison difference = compare(execution.outputs, reference, {0, relative});
  EXPECT_TRUE(difference.passed) << difference.maxRelError << " of max|ref|";
  return memoriesUsed(compiled.program).size();
}

TEST(SeveralMemories, ComputeWhatTheEvaluationComputes) {
  unsigned fits = 0, several = 0;
  for (unsigned seed = 1; seed <= kGraphs && !HasFailure(); ++seed) {
    const std::size_t used = check(seed);
    fits += used > 0 ? 1 : 0;
    several += used > 1 ? 1 : 0;
  }
  EXPECT_GE(fits, HasFailure() ? 0 : kGraphs / 2);
  EXPECT_GE(several, HasFailure() ? 0 : kGraphs / 4);
}

}  // namespace
}  // namespace npusim::end_to_end
