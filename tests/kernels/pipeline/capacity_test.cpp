#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "kernels/pipeline/compile.h"
#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/end_to_end/graph_builder.h"

namespace npusim {
namespace {

using end_to_end::GraphBuilder;
using end_to_end::Random;
using testing::HasSubstr;
using Overrides = std::vector<Override>;

/// Products of which the middle one is the largest, each with a softmax, which cannot be tiled
/// along its axis: it needs all of its input, output and temporaries on chip.
Graph threeProducts() {
  Random random(1);
  GraphBuilder net;
  ValueId x = net.input({1, 16});
  for (const std::int64_t features : {64, 700, 32}) {
    x = net.unary(x, ElementOp::Tanh);
    x = net.add(
        Softmax{1},
        {net.add(MatMul{}, {x, net.constant(random.floats({net.shape(x).back(), features}, 1))})});
  }
  net.graph().outputs = {x};
  return net.graph();
}

std::string refusal(const ChipConfig& chip, const Graph& graph = threeProducts()) {
  try {
    const Graph ready = toPrecision(optimize(graph), chip, DataType::Float32, {});
    compile(ready, chip, {DataType::Float32, Objective::Latency, false});
    return "";
  } catch (const NotPossible& error) {
    return error.what();
  }
}

/// The settings that a message offers.
Overrides offered(const std::string& line) {
  Overrides settings;
  static const std::regex setting("--set ([a-z0-9_.]+)=([0-9]+)");
  for (std::sregex_iterator at(line.begin(), line.end(), setting), end; at != end; ++at) {
    settings.emplace_back((*at)[1], (*at)[2]);
  }
  return settings;
}

void lower(Overrides& settings, std::size_t which) {
  std::string& value = settings[which].second;
  value = std::to_string(std::stoll(value) - 1);
}

TEST(Capacity, WhatIsOfferedFitsAndLessDoesNot) {
  const std::vector<Overrides> chips = {
      {{"buffer.capacity_kib", "1"}},
      {{"buffer.capacity_kib", "1"}, {"buffers.1.capacity_kib", "0.0625"}},
      {{"buffers.1.capacity_kib", "0.0625"}}};
  for (const Overrides& small : chips) {
    const std::string line = refusal(loadChip("edge", small));
    SCOPED_TRACE(line);
    Overrides settings = offered(line);
    ASSERT_EQ(settings.size(), small.size());
    EXPECT_EQ(refusal(loadChip("edge", settings)), "");
    for (std::size_t i = 0; i < settings.size(); ++i) {
      Overrides less = settings;
      lower(less, i);
      if (less[i].second == "0") continue;
      EXPECT_NE(refusal(loadChip("edge", less)), "");
    }
  }
}

TEST(Capacity, TheProgramHasAStoreOfItsOwn) {
  const std::string line = refusal(loadChip("edge", {{"program_kib", "1"}}));
  EXPECT_THAT(line, HasSubstr("bytes of the store for instructions, which has 1024"));
  Overrides settings = offered(line);
  ASSERT_EQ(settings.size(), 1u) << line;
  EXPECT_EQ(refusal(loadChip("edge", settings)), "");
  lower(settings, 0);
  EXPECT_NE(refusal(loadChip("edge", settings)), "");
}

TEST(Capacity, AllThatIsTooSmallIsInOneMessage) {
  Random random(1);
  GraphBuilder net;
  const ValueId x = net.input({512, 1024});
  net.graph().outputs = {net.add(MatMul{}, {x, net.constant(random.floats({1024, 1024}, 1))})};
  const std::string line = refusal(
      loadChip("edge",
               {{"buffer.capacity_kib", "1"}, {"memory.capacity_mib", "2"}, {"program_kib", "1"}}),
      net.graph());
  SCOPED_TRACE(line);
  EXPECT_THAT(line, HasSubstr("of 'buffer', which has 1024, the network needs "));
  EXPECT_THAT(line, HasSubstr("of 'dram', which has 2097152"));
  const Overrides settings = offered(line);
  ASSERT_GE(settings.size(), 2u);
  Overrides all = settings;
  if (all.size() == 2) all.emplace_back("program_kib", "1");
  EXPECT_EQ(refusal(loadChip("edge", all), net.graph()), "");
  for (std::size_t i = 0; i < settings.size(); ++i) {
    Overrides less = all;
    lower(less, i);
    EXPECT_NE(refusal(loadChip("edge", less), net.graph()), "") << less[i].first;
  }
}

TEST(Capacity, TheLargestOfAllLayersIsNamed) {
  const std::string line = refusal(loadChip("edge", {{"buffer.capacity_kib", "1"}}));
  EXPECT_THAT(line, HasSubstr("does not fit this chip: layer '"));
  const Graph graph = threeProducts();
  const Node& largest = graph.nodes.at(5);  // the softmax over 700
  ASSERT_EQ(graph.value(largest.output).shape.back(), 700);
  EXPECT_THAT(line, HasSubstr("layer '" + largest.name + "' needs "));
}

TEST(Capacity, EveryBlockCountsInAMemory) {
  Random random(1);
  GraphBuilder net;
  ValueId x = net.input({1, 1024});
  for (int layer = 0; layer < 3; ++layer) {
    x = net.add(MatMul{}, {x, net.constant(random.floats({1024, 1024}, 1))});
  }
  net.graph().outputs = {x};
  const std::string line = refusal(loadChip("edge", {{"memory.capacity_mib", "2"}}), net.graph());
  EXPECT_THAT(line, HasSubstr("the network needs "));
  const Overrides settings = offered(line);
  ASSERT_EQ(settings, (Overrides{{"memory.capacity_mib", "13"}}));  // 12 MiB of weights and ports
  EXPECT_EQ(refusal(loadChip("edge", settings), net.graph()), "");
}

/// A chip whose memory holds weights only: activations live on chip.
ChipConfig withoutActivationMemory(const std::string& kib) {
  return loadChip("edge", {{"memory.holds", "[weights]"}, {"buffer.capacity_kib", kib}});
}

TEST(Capacity, ActivationsThatCannotLeaveTheChipAreRefusedAtOnce) {
  GraphBuilder net;
  const ValueId x = net.input({8, 1024});
  const ValueId y = net.add(Transpose{{1, 0}}, {net.unary(x, ElementOp::Tanh)});
  net.graph().outputs = {y};
  EXPECT_EQ(refusal(withoutActivationMemory("128"), net.graph()), "");
  const std::string line = refusal(withoutActivationMemory("40"), net.graph());
  SCOPED_TRACE(line);
  EXPECT_THAT(line, HasSubstr("does not fit this chip: layer '"));
  const Overrides settings = offered(line);
  ASSERT_EQ(settings.size(), 1u);
  EXPECT_EQ(settings[0].first, "buffer.capacity_kib");
  EXPECT_EQ(refusal(withoutActivationMemory(settings[0].second), net.graph()), "");
  const auto less = std::to_string(std::stoll(settings[0].second) - 1);
  EXPECT_NE(refusal(withoutActivationMemory(less), net.graph()), "");
}

/// Four cores without any memory.
ChipConfig withoutMemory(std::int64_t kib) {
  ChipConfig chip = loadChip("edge", {{"cores", "4"}});
  chip.memories.clear();
  chip.buffers.front().capacityBytes = kib << 10;
  return chip;
}

TEST(Capacity, WeightsThatOnlyTheCoresCanHoldNeedLargerBuffersOrMoreCores) {
  Random random(1);
  GraphBuilder net;
  ValueId x = net.input({4, 256});
  for (int layer = 0; layer < 4; ++layer) {
    x = net.add(MatMul{}, {x, net.constant(random.floats({256, 256}, 1))});
  }
  net.graph().outputs = {x};
  EXPECT_EQ(refusal(withoutMemory(512), net.graph()), "");
  const std::string line = refusal(withoutMemory(128), net.graph());
  SCOPED_TRACE(line);
  EXPECT_THAT(line, HasSubstr("does not fit this chip: layer '"));
  EXPECT_THAT(line, HasSubstr(", or --set cores="));
  const Overrides settings = offered(line);
  ASSERT_EQ(settings.size(), 2u);
  const std::int64_t kib = std::stoll(settings[0].second);
  EXPECT_EQ(refusal(withoutMemory(kib), net.graph()), "");
  ChipConfig larger = withoutMemory(128);
  larger.cores = std::stoll(settings[1].second);
  EXPECT_EQ(refusal(larger, net.graph()), "");
}

TEST(Capacity, APipelineNeedsImages) {
  GraphBuilder net;
  const ValueId x = net.input({6, 8});
  net.graph().outputs = {net.add(Transpose{{1, 0}}, {net.unary(x, ElementOp::Tanh)})};
  ChipConfig chip = loadChip("edge", {{"cores", "4"}});
  const Graph ready = toPrecision(optimize(net.graph()), chip, DataType::Float32, {});
  CompileOptions options;
  options.partition = Partition::Pipeline;
  try {
    compile(ready, chip, options);
    FAIL() << "a transpose of the images goes image by image";
  } catch (const NotPossible& error) {
    EXPECT_THAT(error.what(), HasSubstr("not supported: --partition pipeline with layer '"));
    EXPECT_THAT(error.what(), HasSubstr("the 6 images of a batch"));
  }
}

}  // namespace
}  // namespace npusim
