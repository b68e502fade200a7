#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

constexpr const char* kPerceptron = R"(name: perceptron
inputs:
  x: [1, 784]
layers:
  - gemm: {features: 512, activation: relu}
  - gemm: {features: 256, activation: relu}
  - gemm: {features: 10}
)";

class Ane : public testing::TestWithParam<const char*> {
 protected:
  nlohmann::json resultOf(std::vector<std::string> arguments) const {
    const std::string file = folder_ / "result.json";
    arguments.insert(arguments.end(), {"--chip", GetParam(), "--json", file});
    const Finished finished = npusim(arguments);
    EXPECT_EQ(finished.exitCode, 0) << finished.err;
    return nlohmann::json::parse(readText(file));
  }

  TemporaryFolder folder_;
};

TEST_P(Ane, RunsAPerceptronWithRightValues) {
  writeText(folder_ / "perceptron.yaml", kPerceptron);
  const auto result = resultOf({"run", "--workload", folder_ / "perceptron.yaml"});
  EXPECT_TRUE(result["values"]["passed"].get<bool>());
}

TEST_P(Ane, RunsResNet50) {
  const auto result = resultOf({"run", "--workload", "resnet50", "--values", "off"});
  EXPECT_EQ(result["predict"]["macs"], 4089184256);
  EXPECT_GT(result["predict"]["utilization"], 0.1);
}

/// Operands of 8 and results of 4 MiB, which the smallest system cache holds.
TEST_P(Ane, ALargeProductComesCloseToThePeak) {
  const auto result = resultOf({"gemm", "1024", "2048", "2048", "--values", "off"});
  EXPECT_GT(result["predict"]["utilization"], 0.9);
}

TEST_P(Ane, WithoutMemoryALargeProductReachesThePeak) {
  const auto result =
      resultOf({"gemm", "4096", "4096", "4096", "--memory", "ideal", "--values", "off"});
  EXPECT_GT(result["predict"]["utilization"], 0.9999);
}

INSTANTIATE_TEST_SUITE_P(All, Ane,
                         testing::Values("ane_a11", "ane_a12", "ane_a13", "ane_a14", "ane_a15"),
                         [](const auto& chip) { return std::string(chip.param); });

}  // namespace
}  // namespace npusim::tools
