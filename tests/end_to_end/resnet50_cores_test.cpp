#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/tools/process.h"

namespace npusim::end_to_end {
namespace {

/// What a run of ResNet-50 on so many cores of the chip `edge` left.
struct Outcome {
  std::string output;  ///< the bytes of its only output file
  std::int64_t cycles = 0;
};

Outcome runOn(int cores) {
  const tools::TemporaryFolder folder;
  std::vector<std::string> arguments = {"run",
                                        "--workload",
                                        "resnet50",
                                        "--precision",
                                        "int8",
                                        "--reference",
                                        "none",
                                        "--set",
                                        "cores=" + std::to_string(cores),
                                        "--json",
                                        folder / "result.json",
                                        "--outputs",
                                        folder / "outputs"};
  if (cores > 1) arguments.insert(arguments.end(), {"--set", "network.topology=mesh"});
  const tools::Finished finished = tools::npusim(arguments);
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  if (finished.exitCode != 0) return {};
  const auto result = nlohmann::json::parse(tools::readText(folder / "result.json"));
  // Against the evaluation of the quantised network, which knows no cores.
  EXPECT_TRUE(result["values"]["passed"]) << result["values"];
  EXPECT_EQ(result["values"]["max_abs_error"], 0);
  Outcome outcome;
  for (const auto& file : std::filesystem::directory_iterator(folder / "outputs")) {
    outcome.output += tools::readText(file.path().string());
  }
  outcome.cycles = result["predict"]["cycles"];
  return outcome;
}

/// int8 sums are exact, so values do not depend on how many cores there are, to the byte; 11 s of
/// CPU time for the five runs in a release build.
TEST(ResNet50, HasTheSameValuesOnEveryNumberOfCores) {
  const Outcome one = runOn(1);
  ASSERT_FALSE(one.output.empty());
  for (const int cores : {2, 4, 16, 64}) {
    const Outcome many = runOn(cores);
    EXPECT_EQ(many.output, one.output) << cores << " cores";
    EXPECT_LT(many.cycles, one.cycles) << cores << " cores";
  }
}

}  // namespace
}  // namespace npusim::end_to_end
