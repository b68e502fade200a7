#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tests/tools/process.h"

namespace npusim::end_to_end {
namespace {

using Words = std::vector<std::string>;

/// Simulated cycles of one prediction.
double cyclesOf(Words words) {
  const tools::TemporaryFolder folder;
  const std::string file = folder / "result.json";
  words.insert(words.begin(), "run");
  words.insert(words.end(), {"--values", "off", "--reference", "none", "--json", file});
  const tools::Finished finished = tools::npusim(words);
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  return nlohmann::json::parse(tools::readText(file))["predict"]["cycles"];
}

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// A network and a chip of several cores.
struct Case {
  std::string name;
  Words words;
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

class Choice : public testing::TestWithParam<Case> {};

/// What is dealt by cost is not much slower than any one way for the whole network.
TEST_P(Choice, AutoIsNearTheBestWord) {
  const Words& words = GetParam().words;
  const double chosen = cyclesOf(words);
  for (const char* word : {"row", "channel", "batch"}) {
    EXPECT_LE(chosen, 1.05 * cyclesOf(with(words, {"--partition", word}))) << word;
  }
}

/// Weights are kept where that is expected to be of use.
TEST_P(Choice, KeepingWeightsCostsNothing) {
  const Words& words = GetParam().words;
  EXPECT_LE(cyclesOf(with(words, {"--set", "keep_weights=true"})), 1.03 * cyclesOf(words));
}

Case blazeface(int cores) {
  return {"blazeface_" + std::to_string(cores), {"--set", "cores=" + std::to_string(cores)}};
}

INSTANTIATE_TEST_SUITE_P(
    Chips, Choice,
    testing::Values(blazeface(3), blazeface(4), blazeface(5), blazeface(7), blazeface(8),
                    blazeface(16),
                    Case{"mobilenet_v2_4",
                         {"--workload", "mobilenet_v2", "--precision", "int8", "--set", "cores=4"}},
                    Case{"resnet50_4",
                         {"--workload", "resnet50", "--precision", "int8", "--set", "cores=4"}}),
    [](const auto& each) { return each.param.name; });

/// What several cores read lies in parts in all of them: matrices that the cores hold together fit.
TEST(Fits, AProductThatTheCoresHoldTogether) {
  const tools::Finished finished =
      tools::npusim({"gemm", "1024", "4096", "1024", "--chip", "tesla_d1", "--precision", "bf16",
                     "--values", "off", "--reference", "none"});
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
}

}  // namespace
}  // namespace npusim::end_to_end
