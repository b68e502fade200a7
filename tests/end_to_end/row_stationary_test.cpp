#include <gtest/gtest.h>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/core/rounding.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/graph_builder.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

/// One convolution with a mapping, and its input.
struct Problem {
  Graph graph;
  Inputs inputs;
  std::int64_t filters = 0;  ///< of a group
};

/// A small convolution with a mapping that the array of Eyeriss takes, ragged in every dimension.
Problem draw(unsigned seed) {
  Random random(seed);
  const std::int64_t kernel = random.integer(1, 5), stride = random.integer(1, 3);
  const std::int64_t groups = random.once(3) ? 2 : 1;
  const std::int64_t height = random.integer(kernel, 20), width = random.integer(kernel, 20);
  const std::int64_t channels = groups * random.integer(1, 12);
  Problem problem;
  problem.filters = random.integer(1, 40);
  const Shape input = {random.integer(1, 4), channels, height, width};
  GraphBuilder builder;
  const ValueId x = builder.input(input);
  const ValueId w = builder.constant(
      random.floats({groups * problem.filters, channels / groups, kernel, kernel}, 1));
  const std::int64_t pad = random.integer(0, kernel - 1);
  const Convolution operation{{stride, stride}, {1, 1}, {pad, pad}, {pad, pad}, groups};
  const ValueId y = builder.add(operation, {x, w, kNoValue}, {{.op = ElementOp::Relu}});
  RowStationaryMapping mapping;
  mapping.n = random.integer(1, 4);
  mapping.m = random.once(3) ? problem.filters : random.integer(1, 40);
  RowStationaryPass& pass = mapping.pass;
  pass.q = random.integer(1, 12 / kernel);
  pass.p = random.integer(1, std::min<std::int64_t>(24, 224 / (pass.q * kernel)));
  pass.e = random.integer(1, 14);
  pass.r = random.integer(1, 12 / kernel);
  pass.t = random.integer(1, std::max<std::int64_t>(1, 12 / (kernel * pass.r)));
  problem.graph = builder.graph();
  problem.graph.nodes.back().mapping = mapping;
  problem.graph.outputs = {y};
  problem.inputs[problem.graph.value(x).name] = random.floats(input, 1);
  return problem;
}

/// Checks values against the evaluation; false where the mapping does not fit.
bool check(const Problem& problem, const ChipConfig& chip) {
  Compiled compiled;
  try {
    compiled = compileFor(problem.graph, chip, DataType::Float16, {});
  } catch (const NotPossible&) {
    return false;
  }
  const Execution run = execute(compiled.program, storedInputs(compiled.graph, problem.inputs));
  EXPECT_EQ(run.error, "");
  if (!run.error.empty()) return true;
  EXPECT_EQ(run.macs, macsOf(problem.graph));
  const std::vector<Tensor> reals = {convert(run.outputs.at(0), DataType::Float32)};
  const Comparison comparison = compare(reals, evaluate(problem.graph, problem.inputs), {0, 1e-2});
  EXPECT_TRUE(comparison.passed) << comparison.maxRelError << " of the largest value";
  return true;
}

TEST(RowStationary, GivenMappingsComputeTheConvolution) {
  const ChipConfig chip = loadChip("eyeriss", {});
  int fitted = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    fitted += check(draw(seed), chip) ? 1 : 0;
  }
  EXPECT_GT(fitted, 30);
}

TEST(RowStationary, FiltersBeyondTheirBufferComeWithinTheChannels) {
  const ChipConfig chip = loadChip("eyeriss", {{"buffers.filter_buffer.capacity_kib", "1"}});
  int fitted = 0;
  for (unsigned seed = 100; seed < 140; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Problem problem = draw(seed);
    problem.graph.nodes.back().mapping->m = problem.filters;
    fitted += check(problem, chip) ? 1 : 0;
  }
  EXPECT_GT(fitted, 10);
}

TEST(RowStationary, TheSearchMapsWhatHasNoMapping) {
  const ChipConfig chip = loadChip("eyeriss", {});
  for (unsigned seed = 200; seed < 212; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Problem problem = draw(seed);
    problem.graph.nodes.back().mapping.reset();
    EXPECT_TRUE(check(problem, chip));
  }
}

}  // namespace
}  // namespace npusim::end_to_end
