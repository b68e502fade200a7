#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sim/chip/npu.h"
#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/forked.h"
#include "tests/end_to_end/graph_builder.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

/// Gathers along `axis` of an input, which comes first; indices are the second input.
struct GatherNetwork {
  Shape table, indices;
  int axis = 0;
  bool onChip = false;  ///< what is gathered was computed before
  DataType indexType = DataType::Int64;
};

Graph graphOf(const GatherNetwork& network) {
  GraphBuilder net;
  ValueId table = net.input(network.table);
  const ValueId indices = net.input(network.indices, network.indexType);
  if (network.onChip) table = net.unary(table, ElementOp::Relu);
  net.graph().outputs = {net.add(Gather{network.axis}, {table, indices})};
  return net.graph();
}

Inputs inputsOf(const Graph& graph, const std::vector<std::int64_t>& chosen) {
  Random random(5);
  const Value& table = graph.value(graph.inputs[0]);
  const Value& list = graph.value(graph.inputs[1]);
  Tensor indices(list.type, list.shape);
  for (std::int64_t i = 0; i < indices.size(); ++i) {
    indices.set(i, static_cast<double>(chosen.at(static_cast<std::size_t>(i) % chosen.size())));
  }
  return {{table.name, random.floats(table.shape, 1)}, {list.name, indices}};
}

Execution run(const GatherNetwork& network, const std::vector<std::int64_t>& chosen) {
  const Graph graph = graphOf(network);
  const Inputs inputs = inputsOf(graph, chosen);
  const Compiled compiled = compileFor(graph, loadChip("edge", {}), DataType::Float32, {});
  return execute(compiled.program, inputs);
}

/// Fewer rows than the table has, more, exactly one; along each axis, on chip and off.
const std::vector<GatherNetwork> kNetworks = {
    {{10, 6}, {4}, 0, false, DataType::Int64},    {{10, 6}, {3, 7}, 0, false, DataType::Int32},
    {{10, 6}, {}, 0, false, DataType::Int64},     {{2, 10, 3}, {5}, 1, false, DataType::Int64},
    {{2, 10, 3}, {17}, 1, true, DataType::Int32}, {{4, 10}, {1}, 1, true, DataType::Int64},
    {{4, 10}, {12}, 1, false, DataType::Int32},   {{10, 6}, {6}, 0, true, DataType::Int64}};

TEST(RunTimeGather, IndicesCountFromBothEnds) {
  const std::vector<std::int64_t> chosen = {-1, 3, 9, -10, 0, -4, 9};
  for (const GatherNetwork& network : kNetworks) {
    const Graph graph = graphOf(network);
    SCOPED_TRACE(graph.toText());
    const Execution execution = run(network, chosen);
    EXPECT_EQ(execution.error, "");
    EXPECT_TRUE(sameBytes(execution.outputs, evaluate(graph, inputsOf(graph, chosen))));
  }
}

TEST(RunTimeGather, AnIndexOutsideTheAxisIsOneClearError) {
  for (const std::int64_t outside : {10, -11, 1 << 30}) {
    for (const GatherNetwork& network : kNetworks) {
      const Graph graph = graphOf(network);
      SCOPED_TRACE(graph.toText());
      EXPECT_EQ(run(network, {outside}).error,
                fmt::format("layer '{}': index {} is outside the gathered axis; it must be -10..9",
                            graph.nodes.back().name, outside));
    }
  }
}

std::int64_t cyclesWithoutValues(const GatherNetwork& network) {
  const ChipConfig chip = loadChip("edge", {});
  const isa::Program program =
      compile(graphOf(network), chip, {DataType::Float32, Objective::Latency, false});
  const Forked forked = runForked([&] {
    Npu npu(chip, program, false);
    npu.load();
    return std::to_string(npu.predict().total.cycles);
  });
  EXPECT_EQ(forked.error, "");
  return forked.error.empty() ? std::stoll(forked.bytes) : -1;
}

/// Without values rows lie far apart, as those of a table of words do: no cheaper than rows that
/// follow one another, no dearer than the worst of many orders.
TEST(RunTimeGather, WithoutValuesRowsLieScattered) {
  for (const GatherNetwork& network : kNetworks) {
    SCOPED_TRACE(graphOf(network).toText());
    std::vector<std::int64_t> order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    std::int64_t least = run(network, order).cycles;
    std::int64_t most = least;
    std::mt19937 engine(1);
    for (int i = 0; i < 20; ++i) {
      std::shuffle(order.begin(), order.end(), engine);
      const std::int64_t cycles = run(network, order).cycles;
      least = std::min(least, cycles);
      most = std::max(most, cycles);
    }
    const std::int64_t unknown = cyclesWithoutValues(network);
    EXPECT_GE(unknown, least);
    EXPECT_LE(unknown, most);
  }
}

TEST(RunTimeGather, EveryRowCountsWhateverTheIndices) {
  const GatherNetwork wide{{10, 256}, {64}, 0, true, DataType::Int64};
  const std::int64_t cycles = cyclesWithoutValues(wide);
  GatherNetwork fewer = wide;
  fewer.indices = {10};
  EXPECT_GT(cycles - cyclesWithoutValues(fewer),
            54 * 256 * 4 / loadChip("edge", {}).dma.widthBytes);
  EXPECT_EQ(run(wide, {3, 7, -2}).cycles, cycles);
}

}  // namespace
}  // namespace npusim::end_to_end
