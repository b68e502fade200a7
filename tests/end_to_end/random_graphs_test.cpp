#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/expectations.h"
#include "tests/end_to_end/random_chip.h"
#include "tests/end_to_end/random_graph.h"
#include "tests/end_to_end/slowed.h"

namespace npusim::end_to_end {
namespace {

constexpr unsigned kGraphs = 300;

/// Multiply-accumulates of the longest sum of a product.
std::int64_t longestSum(const Graph& graph) {
  std::int64_t longest = 0;
  for (const Node& node : graph.nodes) {
    const std::int64_t outputs = elementCount(graph.value(node.output).shape);
    longest = std::max(longest, macCount(graph, node) / outputs);
  }
  return longest;
}

/// Machine and evaluation round each node's result to its type. What can differ before that is the
/// last bit of a function, and the order of a sum whose channels are tiled: a unit of fp32 a term.
Tolerance toleranceOf(DataType precision, const Graph& graph) {
  const int bits = precision == DataType::Float32 ? 23 : precision == DataType::BFloat16 ? 7 : 10;
  const double lastBit = std::ldexp(1.0, -bits);
  const double order = std::ldexp(static_cast<double>(longestSum(graph)), -23);
  return {0, lastBit * static_cast<double>(graph.nodes.size() + 1) + order};
}

void expectSame(const Execution& other, const Execution& first, const char* form) {
  EXPECT_EQ(other.error, "") << form;
  EXPECT_TRUE(sameBytes(other.outputs, first.outputs)) << form;
  EXPECT_EQ(other.cycles, first.cycles) << form;
}

/// The program read back from its text, with its constants, and from its container.
void expectSameFromFiles(const isa::Program& program, const Execution& first,
                         const Inputs& stored) {
  isa::Program parsed = isa::parse(isa::toText(program), "program.txt");
  for (std::size_t i = 0; i < program.constants.size(); ++i) {
    parsed.constants.at(i).bytes = program.constants[i].bytes;
  }
  expectSame(execute(parsed, stored), first, "text");
  expectSame(execute(isa::unpack(isa::pack(program), "program.npu"), stored), first, "container");
}

/// False when the network does not fit the chip.
bool check(unsigned seed, DataType precision) {
  Random random(seed);
  const Graph graph = randomGraph(random);
  const ChipConfig chip = withFormat(randomChip(random), precision);
  const std::vector<Inputs> samples = {randomInputs(random, graph), randomInputs(random, graph)};
  SCOPED_TRACE(fmt::format("seed {} {}\n{}", seed, name(precision), graph.toText()));
  const std::optional<Compiled> compiled = compiledIfItFits(graph, chip, precision, samples);
  if (!compiled) return false;
  const Inputs stored = storedInputs(compiled->graph, randomInputs(random, graph));
  const Execution execution = execute(compiled->program, stored);
  EXPECT_EQ(execution.error, "");
  if (!execution.error.empty()) return true;
  expectRightValues(*compiled, precision, execution, stored,
                    toleranceOf(precision, compiled->graph));
  EXPECT_EQ(execution.macs, macsOf(graph));
  expectSameFromFiles(compiled->program, execution, stored);
  auto engines = static_cast<unsigned>(random.integer(1, kTimings - 1));
  // A vector unit that does more multiply-accumulates than the array could is not accounted for.
  if (engines & bitOf(isa::Engine::Matrix)) engines |= bitOf(isa::Engine::Vector);
  expectSameOnOtherTiming(compiled->program, chip, engines, execution, stored);
  return true;
}

class RandomGraphs : public testing::TestWithParam<DataType> {};

TEST_P(RandomGraphs, ComputeWhatTheEvaluationComputes) {
  unsigned fits = 0;
  for (unsigned seed = 1; seed <= kGraphs && !HasFailure(); ++seed) {
    if (check(seed, GetParam())) ++fits;
  }
  EXPECT_GE(fits, HasFailure() ? 0 : kGraphs * 2 / 3) << "of " << kGraphs << " fit their chips";
}

INSTANTIATE_TEST_SUITE_P(Formats, RandomGraphs,
                         testing::Values(DataType::Float32, DataType::Float16, DataType::BFloat16,
                                         DataType::Int16, DataType::Int8),
                         [](const auto& format) { return std::string(name(format.param)); });

}  // namespace
}  // namespace npusim::end_to_end
