#include "tools/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/config/load_config.h"
#include "tests/message_of.h"
#include "tools/problem.h"

namespace npusim::tools {
namespace {

using testing::HasSubstr;

NetworkOptions workload(const std::string& name) {
  NetworkOptions options;
  options.workload = name;
  return options;
}

TEST(ReadNetwork, KnowsTheZoo) {
  EXPECT_THAT(zooNames(), testing::IsSupersetOf({"alexnet", "blazeface_front", "resnet50"}));
  const Network network = readNetwork(workload("blazeface_front"), {});
  EXPECT_EQ(network.name, "blazeface_front");
  EXPECT_EQ(network.precision, DataType::Float32);
  EXPECT_EQ(network.graph.outputs.size(), 4u);
}

TEST(ReadNetwork, BindsTheBatch) {
  NetworkOptions options = workload("mobilenet_v2");
  options.batch = 3;
  const Graph graph = readNetwork(options, {}).graph;
  EXPECT_EQ(graph.value(graph.inputs[0]).shape, (Shape{3, 3, 224, 224}));
  EXPECT_EQ(graph.value(graph.outputs[0]).shape[0], 3);
}

TEST(ReadNetwork, TellsNetworksApartByTheirHash) {
  const std::uint64_t one = readNetwork(workload("alexnet"), {}).hash;
  EXPECT_EQ(readNetwork(workload("alexnet"), {}).hash, one);
  EXPECT_NE(readNetwork(workload("vgg16"), {}).hash, one);
}

TEST(ContentHash, SeesWhatTheTextShortens) {
  const auto hashWith = [](float weight, std::int64_t index, float scale) {
    Graph graph;
    const ValueId x = graph.addValue({"x", DataType::Float32, {32}, std::nullopt, std::nullopt});
    graph.inputs = {x};
    Tensor weights(DataType::Float32, {32});
    weights.set(17, weight);
    Constant constant;
    constant.dense = std::make_shared<const Tensor>(weights);
    const Quantization quantization{{1, scale}, 0, 0};
    graph.addValue({"w", DataType::Float32, {32}, constant, quantization});
    std::vector<std::int64_t> indices;
    for (std::int64_t i = 0; i < 32; ++i) indices.push_back(i * i % 32);
    indices[30] = index;
    graph.outputs = {graph.addNode({"r", "Gather", Remap{{indices}, 0}, {x}, {}, kNoValue}, "y")};
    return contentHash(graph);
  };
  const std::uint64_t base = hashWith(1, 3, 1);
  EXPECT_EQ(hashWith(1, 3, 1), base);
  EXPECT_NE(hashWith(2, 3, 1), base);
  EXPECT_NE(hashWith(1, 5, 1), base);
  EXPECT_NE(hashWith(1, 3, 2), base);
}

TEST(ReadNetwork, SaysWhatIsWrong) {
  EXPECT_THAT(messageOf([] { readNetwork(workload("resnet5"), {}); }),
              HasSubstr("--workload resnet5: there is no such network (did you mean 'resnet50'?)"));
  EXPECT_THAT(messageOf([] { readNetwork(workload("no/such.onnx"), {}); }),
              HasSubstr("no/such.onnx"));
  EXPECT_THAT(
      messageOf([] {
        NetworkOptions options = workload("alexnet");
        options.dims["n"] = 1;
        readNetwork(options, {});
      }),
      HasSubstr("--dim n: the description has no such parameter; it has none, use --batch"));
  GivenTensors given;
  given.data.inputs = {Tensor(DataType::Float32, {1, 128, 128, 3})};
  given.onlyShapes = true;
  for (const char* name : {"alexnet", "blazeface_front"}) {
    EXPECT_THAT(messageOf([&] { readNetwork(workload(name), given); }),
                HasSubstr("--input and --data change nothing"));
  }
}

TEST(Problem, GemmIsOneProduct) {
  const Graph graph = gemmNetwork(3, 5, 7, 1).graph;
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{3, 5}));
  EXPECT_EQ(graph.value(graph.outputs[0]).name, "output");
  EXPECT_EQ(macCount(graph, graph.nodes[0]), 3 * 5 * 7);
}

TEST(Problem, ConvTakesStridePadDilationAndGroups) {
  const Graph graph = convNetwork({{2, 8, 10, 12}, {16, 3, 3}, 2, 1, 2, 4}, 1).graph;
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{2, 16, 4, 5}));
  EXPECT_EQ(macCount(graph, graph.nodes[0]), 2 * 16 * 4 * 5 * 2 * 9);
  const Graph line = convNetwork({{1, 4, 30}, {6, 5}}, 1).graph;
  EXPECT_EQ(line.value(line.outputs[0]).shape, (Shape{1, 6, 26}));
}

TEST(Problem, ConvSaysWhatDoesNotFit) {
  EXPECT_THAT(messageOf([] {
                convNetwork({{1, 3, 8}, {4, 3, 3}}, 1);
              }),
              HasSubstr("--input has 3 dimensions, --kernel 3"));
  EXPECT_THAT(messageOf([] {
                convNetwork({{1, 3, 8, 8}, {4, 3, 3}, 1, 0, 1, 2}, 1);
              }),
              HasSubstr("--groups 2: must divide the 3 input and the 4 output channels"));
  EXPECT_THAT(messageOf([] { convNetwork({{1, 3, 2, 2}, {4, 3, 3}}, 1); }), HasSubstr("conv"));
}

TEST(Precision, IsTheNetworksOwnWhenTheChipHasIt) {
  ChipConfig chip = loadChip("edge", {});
  Network network = gemmNetwork(1, 1, 1, 1);
  network.precision = DataType::Float32;
  EXPECT_EQ(choosePrecision({}, network, chip), DataType::Float32);
  network.precision = DataType::Float16;
  EXPECT_EQ(choosePrecision({}, network, chip), DataType::Float16);
  network.precision = DataType::BFloat16;
  EXPECT_EQ(choosePrecision({}, network, chip), chip.formats.front());
  EXPECT_EQ(choosePrecision(DataType::Int8, network, chip), DataType::Int8);
}

TEST(Precision, OfAMadeProblemIsTheFirstOfTheFastest) {
  const ChipConfig chip = loadChip("edge", {});
  const Network network = gemmNetwork(1, 1, 1, 1);
  const DataType chosen = choosePrecision({}, network, chip);
  for (const DataType format : chip.formats) {
    EXPECT_LE(chip.peakMacsPerCycle(format), chip.peakMacsPerCycle(chosen));
    if (format == chosen) break;
    EXPECT_LT(chip.peakMacsPerCycle(format), chip.peakMacsPerCycle(chosen));
  }
}

}  // namespace
}  // namespace npusim::tools
