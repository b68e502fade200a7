#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/end_to_end/fetched_network.h"
#include "tests/tools/process.h"
#include "tools/network.h"
#include "tools/report.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/npy.h"
#include "workloads/onnx/data_set.h"

namespace npusim::end_to_end {
namespace {

const std::string kReference = NPUSIM_SOURCE_DIR "/tests/models/reference/";
const std::string kFetch = "tests/models/fetch.sh";
constexpr double kLeastCosine = 0.99;

/// A trained network with the outputs of another runtime for one input.
struct Case {
  std::string network;
  int dataSet = 0;
  std::string precision = "fp32";
  std::string data() const {
    return kReference + network + "/test_data_set_" + std::to_string(dataSet);
  }
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.network << " " << c.precision;
}

/// The file or zoo name of a network; empty when it was not fetched.
std::string workloadOf(const std::string& network) {
  const std::vector<std::string> zoo = tools::zooNames();
  if (std::find(zoo.begin(), zoo.end(), network) != zoo.end()) return network;
  for (const std::string& file : {kReference + network + "/model.onnx", fetchedFile(network)}) {
    if (std::filesystem::exists(file)) return file;
  }
  return {};
}

/// What a run of the built command left: the check's result and the network's outputs in order.
struct Outcome {
  nlohmann::json values;
  std::vector<Tensor> outputs;
};

Outcome runCommand(const Case& c, const std::string& workload) {
  const tools::TemporaryFolder folder;
  const tools::Finished finished = tools::npusim(
      {"run", "--workload", workload, "--data", c.data(), "--precision", c.precision, "--reference",
       "none", "--json", folder / "result.json", "--outputs", folder / "outputs"});
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  Outcome outcome;
  if (finished.exitCode != 0) return outcome;
  outcome.values = nlohmann::json::parse(tools::readText(folder / "result.json"))["values"];
  tools::NetworkOptions options;
  options.workload = workload;
  const Graph graph = tools::readNetwork(options, {{}, readDataSet(c.data())}).graph;
  tools::NamedTensors names;
  for (const ValueId id : graph.outputs) names.emplace_back(graph.value(id).name, Tensor());
  for (const std::string& file : tools::outputFileNames(names)) {
    outcome.outputs.push_back(readNpy(folder / ("outputs/" + file)));
  }
  return outcome;
}

class TrainedNetworks : public testing::TestWithParam<Case> {};

TEST_P(TrainedNetworks, GiveTheReferenceOutputs) {
  const Case& c = GetParam();
  const std::string workload = workloadOf(c.network);
  if (workload.empty())
    GTEST_SKIP() << fetchedFile(c.network) << " is missing; " << kFetch << " fetches it";
  const Outcome outcome = runCommand(c, workload);
  ASSERT_TRUE(outcome.values.is_object());
  EXPECT_TRUE(outcome.values["passed"]) << outcome.values;
  const Comparison difference = compare(outcome.outputs, readDataSet(c.data()).outputs);
  if (c.precision == "fp32") {
    EXPECT_EQ(outcome.values["checked_against"], "data set");
    EXPECT_TRUE(difference.passed)
        << difference.maxAbsError << ", " << difference.maxRelError << " of max|ref|";
    return;
  }
  EXPECT_EQ(outcome.values["checked_against"], "evaluate");
  EXPECT_EQ(outcome.values["max_abs_error"], 0);
  EXPECT_TRUE(difference.cosineSimilarity >= kLeastCosine || difference.argMaxEqual)
      << "cosine similarity " << difference.cosineSimilarity;
  std::cout << c.network << ": cosine similarity " << difference.cosineSimilarity << ", arg-max "
            << (difference.argMaxEqual ? "equal" : "differs") << "\n";
}

INSTANTIATE_TEST_SUITE_P(
    All, TrainedNetworks,
    testing::Values(Case{"blazeface_front"}, Case{"blazeface_back"}, Case{"mlsd_tiny_320"},
                    Case{"ppocr_cls"}, Case{"oww_embedding"}, Case{"oww_embedding", 1},
                    Case{"oww_melspec"}, Case{"oww_melspec", 1}, Case{"mlp_autoenc"},
                    Case{"oww_hey_jarvis"}, Case{"silero_vad_v5"}, Case{"silero_vad_v5", 1},
                    Case{"silero_vad_v5", 2}, Case{"silero_vad_legacy"},
                    Case{"silero_vad_legacy", 1}, Case{"ppocr_cls", 0, "int8"},
                    Case{"oww_embedding", 0, "int8"}, Case{"oww_embedding", 1, "int8"},
                    Case{"mlsd_tiny_320", 0, "int8"}),
    [](const auto& c) {
      return c.param.network + "_" + std::to_string(c.param.dataSet) + "_" + c.param.precision;
    });

}  // namespace
}  // namespace npusim::end_to_end
