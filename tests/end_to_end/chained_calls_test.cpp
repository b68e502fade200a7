#include <gtest/gtest.h>

#include <filesystem>

#include "sim/chip/npu.h"
#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/fetched_network.h"
#include "tests/end_to_end/forked.h"
#include "tests/end_to_end/random.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"
#include "workloads/onnx/data_set.h"
#include "workloads/onnx/import.h"

namespace npusim::end_to_end {
namespace {

constexpr int kCalls = 4;

/// A network whose state outputs go into its state inputs of the next call.
struct Stateful {
  std::string network;
  int dataSet = 0;
  std::vector<std::pair<std::string, std::string>> states;  ///< output, input
};

std::ostream& operator<<(std::ostream& out, const Stateful& s) { return out << s.network; }

Graph import(const std::string& file, const DataSet& data) {
  OnnxOptions options;
  options.orderedOffers = data.inputs;
  for (const Tensor& input : data.inputs) options.orderedShapes.push_back(input.shape());
  return importOnnx(file, options);
}

std::map<std::string, Tensor> namedOutputs(const Graph& graph, const Inputs& inputs) {
  const std::vector<Tensor> outputs = evaluate(graph, inputs);
  std::map<std::string, Tensor> named;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    named[graph.value(graph.outputs[i]).name] = outputs[i];
  }
  return named;
}

/// Calls machine and evaluation after one another, each with its own states.
void callInTurn(const Stateful& s, const Graph& graph, Inputs inputs) {
  const Compiled compiled = compileFor(graph, loadChip("edge", {}), DataType::Float32, {});
  Npu npu(loadChip("edge", {}), compiled.program, true);
  npu.load();
  Random random(11);
  for (const ValueId id : graph.inputs) {
    npu.setInput(graph.value(id).name, inputs.at(graph.value(id).name));
  }
  for (int call = 0; call < kCalls; ++call) {
    const std::string sound = graph.value(graph.inputs.front()).name;
    inputs[sound] = random.floats(inputs[sound].shape(), 0.3);
    npu.setInput(sound, inputs[sound]);
    npu.predict();
    const auto expected = namedOutputs(graph, inputs);
    for (const auto& [name, tensor] : expected) {
      const Comparison found = compare(npu.output(name), tensor);
      ensure(found.passed, "an output of a call is wrong");
    }
    for (const auto& [from, to] : s.states) {
      npu.setInput(to, npu.output(from));
      inputs[to] = expected.at(from);
    }
  }
}

class ChainedCalls : public testing::TestWithParam<Stateful> {};

TEST_P(ChainedCalls, CarryTheirStateOn) {
  const Stateful& s = GetParam();
  const std::string file = fetchedFile(s.network);
  if (!std::filesystem::exists(file)) {
    GTEST_SKIP() << file << " is missing; tests/models/fetch.sh fetches it";
  }
  const DataSet data = readDataSet(NPUSIM_SOURCE_DIR "/tests/models/reference/" + s.network +
                                   "/test_data_set_" + std::to_string(s.dataSet));
  const Graph graph = import(file, data);
  Inputs inputs;
  const std::vector<std::string> names = onnxInputNames(file);
  for (std::size_t i = 0; i < names.size(); ++i) inputs[names[i]] = data.inputs.at(i);
  for (const Graph::SettledInput& settled : graph.settledInputs) inputs.erase(settled.name);
  const Forked run = runForked([&] {
    callInTurn(s, graph, inputs);
    return std::string();
  });
  EXPECT_EQ(run.error, "");
}

INSTANTIATE_TEST_SUITE_P(
    Silero, ChainedCalls,
    testing::Values(Stateful{"silero_vad_v5", 0, {{"stateN", "state"}}},
                    Stateful{"silero_vad_v5", 2, {{"stateN", "state"}}},
                    Stateful{"silero_vad_legacy", 0, {{"hn", "h"}, {"cn", "c"}}},
                    Stateful{"silero_vad_legacy", 1, {{"hn", "h"}, {"cn", "c"}}}),
    [](const auto& s) { return s.param.network + "_" + std::to_string(s.param.dataSet); });

}  // namespace
}  // namespace npusim::end_to_end
