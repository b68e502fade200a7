#include <gtest/gtest.h>

#include "sim/core/embedded.h"
#include "workloads/description/description.h"

namespace npusim {
namespace {

/// Published figures, typed here from torchvision's model pages rather than read from the files.
struct Published {
  const char* file;
  std::int64_t parameters;
  double gigaMacs;  ///< as published, to three or four digits
  double tolerance;
  Shape output;
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
  std::int64_t parameters = 0;
  for (const Value& value : graph.values) {
    if (value.constant) parameters += elementCount(value.shape);
  }
  EXPECT_EQ(parameters, GetParam().parameters);
  EXPECT_NEAR(static_cast<double>(macs(graph)) * 1e-9, GetParam().gigaMacs, GetParam().tolerance);
  ASSERT_EQ(graph.outputs.size(), 1u);
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, GetParam().output);
}

TEST_P(Zoo, BatchScalesMacsAndKeepsWeights) {
  const Graph one = read(), four = read(4);
  EXPECT_EQ(macs(four), 4 * macs(one));
  EXPECT_EQ(four.value(four.outputs[0]).shape[0], 4);
  EXPECT_EQ(one.values.size(), four.values.size());
}

INSTANTIATE_TEST_SUITE_P(
    Networks, Zoo,
    testing::Values(Published{"alexnet.yaml", 61100840, 0.714, 0.0005, {1, 1000}},
                    Published{"vgg16.yaml", 138357544, 15.47, 0.005, {1, 1000}},
                    Published{"resnet50.yaml", 25557032, 4.089, 0.0005, {1, 1000}},
                    Published{"mobilenet_v2.yaml", 3504872, 0.3008, 0.00005, {1, 1000}}),
    [](const auto& instance) {
      const std::string file = instance.param.file;
      return file.substr(0, file.find('.'));
    });

}  // namespace
}  // namespace npusim
