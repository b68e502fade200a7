#include <gtest/gtest.h>

#include "sim/core/embedded.h"
#include "workloads/description/description.h"

namespace npusim {
namespace {

/// Published figures, typed here from their sources rather than read from the files. A tolerance of
/// 0 parameters is for counts that are published exactly.
struct Published {
  const char* file;
  std::int64_t parameters;
  double gigaMacs;  ///< as published, to three or four digits
  double tolerance;
  Shape output;
  double parameterTolerance = 0;  ///< share
};

class Zoo : public testing::TestWithParam<Published> {
 protected:
  Graph read(std::optional<std::int64_t> batch = std::nullopt) const {
    const std::string path = std::string("workloads/zoo/") + GetParam().file;
    const auto text = embeddedFile(path);
    return text ? parseDescription(*text, path, batch) : throw InternalError("not embedded");
  }

  static std::int64_t macs(const Graph& graph) {
    std::int64_t total = 0;
    for (const Node& node : graph.nodes) total += macCount(graph, node);
    return total;
  }
};

TEST_P(Zoo, MatchesPublishedCounts) {
  const Graph graph = read();
  graph.verify();
  const auto parameters = static_cast<double>(GetParam().parameters);
  EXPECT_NEAR(static_cast<double>(parameterCount(graph)), parameters,
              parameters * GetParam().parameterTolerance);
  EXPECT_NEAR(static_cast<double>(macs(graph)) * 1e-9, GetParam().gigaMacs, GetParam().tolerance);
  EXPECT_EQ(graph.value(graph.outputs.at(0)).shape, GetParam().output);
}

TEST_P(Zoo, BatchScalesMacsAndKeepsWeights) {
  const Graph one = read(1), four = read(4);
  // What a diffusion step makes of its time is the same for all images.
  const auto expected = 4 * static_cast<double>(macs(one));
  EXPECT_NEAR(static_cast<double>(macs(four)), expected, 1e-4 * expected);
  EXPECT_EQ(four.value(four.outputs[0]).shape[0], 4 * one.value(one.outputs[0]).shape[0]);
  EXPECT_EQ(parameterCount(one), parameterCount(four));
}

INSTANTIATE_TEST_SUITE_P(
    Networks, Zoo,
    testing::Values(
        Published{"alexnet.yaml", 61100840, 0.714, 0.0005, {1, 1000}},
        Published{"vgg16.yaml", 138357544, 15.47, 0.005, {1, 1000}},
        Published{"resnet18.yaml", 11689512, 1.814, 0.0005, {1, 1000}},
        Published{"resnet50.yaml", 25557032, 4.089, 0.0005, {1, 1000}},
        Published{"mobilenet_v2.yaml", 3504872, 0.3008, 0.00005, {1, 1000}},
        // 65.86 BFLOPs, as darknet prints it
        Published{"yolov3_416.yaml", 61949149, 32.93, 0.02, {1, 255, 13, 13}},
        // torchvision
        Published{"vit_b_16.yaml", 86567656, 17.56, 0.005, {1, 1000}},
        // parameters: Hugging Face transformers; 22.5 GFLOPs: Jiao et al. 2020, Table 1
        Published{"bert_base.yaml", 109482240, 11.25, 0.1, {1, 128, 768}},
        // 24 x 128 x (12 x 1024^2 + 2 x 128 x 1024) + 1024^2
        Published{"bert_large.yaml", 335141888, 39.461, 0.001, {1, 128, 1024}},
        Published{"distilbert.yaml", 66362880, 5.5868, 0.0001, {1, 128, 768}},
        // 1024 x 12 x (12 x 768^2 + 2 x 1024 x 768) + 768 x 50257
        Published{"gpt2.yaml", 124439808, 106.339, 0.001, {1, 50257}},
        // 2048 x 96 x (12 x 12288^2 + 2 x 2048 x 12288) + 12288 x 50257; Brown et al. 2020, D.1
        Published{"gpt3_175b.yaml", 174600000000, 366138, 1, {1, 50257}, 0.0005},
        // 2048 x 32 x (4 x 4096^2 + 3 x 4096 x 11008 + 2 x 2048 x 4096) + 4096 x 32000
        Published{"llama2_7b.yaml", 6738415616, 14362.5, 0.1, {1, 32000}},
        // diffusers and transformers: 859520964 + 123060480 + 49490179 + 20; 50 x 2 x 401.5 GMAC of
        // the U-Net and 1240 of the decoder
        Published{"stable_diffusion.yaml", 1032071643, 41403, 83, {1, 3, 512, 512}},
        Published{"deepspeech2.yaml", 100000000, 12.4, 0.2, {1, 100, 29}, 0.02},
        // 30 x (weights of the LSTMs without biases)
        Published{"gnmt_encoder.yaml", 112496640, 2.3908, 0.0001, {1, 30, 1024}},
        Published{"char_rnn.yaml", 23165, 0.000575, 1e-9, {1, 25, 65}},
        // Jouppi et al. 2017, Table 1: weights, and operations a byte of them
        Published{"tpu_mlp0.yaml", 20000000, 4.0, 0.02, {200, 2000}, 0.005},
        Published{"tpu_mlp1.yaml", 5000000, 0.84, 0.005, {168, 1120}, 0.005},
        Published{"tpu_lstm0.yaml", 52000000, 3.328, 0.02, {64, 1, 1040}, 0.005},
        Published{"tpu_lstm1.yaml", 34000000, 3.264, 0.02, {96, 1, 13440}, 0.005},
        Published{"tpu_cnn0.yaml", 8000000, 23.104, 0.4, {8, 240, 19, 19}, 0.02},
        Published{"tpu_cnn1.yaml", 100000000, 175, 8, {32, 1000}, 0.02}),
    [](const auto& instance) {
      const std::string file = instance.param.file;
      return file.substr(0, file.find('.'));
    });

Graph zoo(const std::string& file, const std::map<std::string, std::int64_t>& dims) {
  const std::string path = "workloads/zoo/" + file;
  return parseDescription(embeddedFile(path).value(), path, {std::nullopt, dims});
}

std::int64_t totalMacs(const Graph& graph) {
  std::int64_t total = 0;
  for (const Node& node : graph.nodes) total += macCount(graph, node);
  return total;
}

TEST(ZooParameters, ClassesChangeTheHeadsAlone) {
  const Graph coco = zoo("yolov3_416.yaml", {}), voc = zoo("yolov3_416.yaml", {{"classes", 20}});
  EXPECT_EQ(voc.value(voc.outputs.at(0)).shape, (Shape{1, 75, 13, 13}));
  // 3 boxes x 60 classes fewer, of 1024, 512 and 256 inputs and a bias each
  EXPECT_EQ(parameterCount(coco) - parameterCount(voc), 180 * (1024 + 512 + 256 + 3));
}

TEST(ZooParameters, StepsMultiplyTheUNetAlone) {
  const std::int64_t one = totalMacs(zoo("stable_diffusion.yaml", {{"steps", 1}}));
  const std::int64_t two = totalMacs(zoo("stable_diffusion.yaml", {{"steps", 2}}));
  const std::int64_t ten = totalMacs(zoo("stable_diffusion.yaml", {{"steps", 10}}));
  EXPECT_EQ(ten - one, 9 * (two - one));
}

TEST(ZooParameters, DecodingReadsTheCacheInsteadOfThePastTokens) {
  for (const char* file : {"gpt2.yaml", "gpt3_175b.yaml", "llama2_7b.yaml"}) {
    SCOPED_TRACE(file);
    const Graph step = zoo(file, {{"sequence", 1}, {"past", 100}});
    const Graph longer = zoo(file, {{"sequence", 1}, {"past", 200}});
    ASSERT_EQ(step.inputs.size(), 3u);
    EXPECT_EQ(zoo(file, {}).inputs.size(), 1u) << "no cache without a past";
    EXPECT_EQ(parameterCount(step), parameterCount(zoo(file, {})));
    const Shape keys = step.value(step.inputs[1]).shape;
    EXPECT_EQ(keys.back(), 100);
    // 100 more keys and values, each a product with the query
    EXPECT_EQ(totalMacs(longer) - totalMacs(step), 2 * elementCount(keys));
  }
}

TEST(ZooParameters, DecodersAreOneLoop) {
  const Graph small = zoo("gpt2.yaml", {}), large = zoo("gpt3_175b.yaml", {});
  EXPECT_EQ(small.nodes.size(), large.nodes.size()) << "96 layers take no more nodes than 12";
  ASSERT_EQ(large.repeats.size(), 1u);
  EXPECT_EQ(large.repeats[0].passes, 96);
}

TEST(ZooParameters, GroupedQueriesShareKeys) {
  const Graph graph = zoo("llama2_7b.yaml", {{"kv_heads", 8}, {"sequence", 4}});
  EXPECT_EQ(totalMacs(zoo("llama2_7b.yaml", {{"sequence", 4}})) - totalMacs(graph),
            std::int64_t{2} * 32 * 4 * 4096 * (4096 - 1024))
      << "narrower products for keys and values, the same scores";
}

TEST(ZooParameters, PositionsBeyondTheTableAreRefused) {
  try {
    zoo("gpt2.yaml", {{"sequence", 1}, {"past", 1024}});
    FAIL() << "took a position that has no embedding";
  } catch (const BadInput& error) {
    EXPECT_NE(std::string(error.what()).find("positions 1024 to 1024 do not fit a table of 1024"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace npusim
