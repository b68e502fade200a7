#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"
#include "workloads/onnx/data_set.h"
#include "workloads/onnx/import.h"

namespace npusim {
namespace {

namespace fs = std::filesystem;

const fs::path kNodeTests = "/usr/share/libonnx-testdata/data/node";

/// The lines of a list beside this file, without comments.
std::vector<std::string> namesIn(const char* list) {
  std::ifstream stream(fs::path(NPUSIM_SOURCE_DIR) / "tests/workloads/onnx" / list);
  std::vector<std::string> names;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line[0] != '#') names.push_back(line);
  }
  return names;
}

/// Imports a model with a data set's inputs offered, as `npusim run --data` does, and evaluates it
/// on those that are left.
std::vector<Tensor> outputsOf(const std::string& model, const DataSet& data) {
  OnnxOptions options;
  options.orderedOffers = data.inputs;
  for (const Tensor& input : data.inputs) options.orderedShapes.push_back(input.shape());
  const std::vector<std::string> names = onnxInputNames(model);
  std::map<std::string, Tensor> inputs;
  for (std::size_t i = 0; i < data.inputs.size(); ++i) inputs[names.at(i)] = data.inputs[i];
  return evaluate(importOnnx(model, options), inputs);
}

/// Floats within the pass rule of the references; all else exactly equal.
void expectOutput(const Tensor& actual, const Tensor& reference) {
  EXPECT_EQ(name(actual.type()), name(reference.type()));
  ASSERT_EQ(actual.shape(), reference.shape());
  const Tolerance tolerance = isFloat(reference.type()) ? Tolerance{1e-4, 1e-3} : Tolerance{0, 0};
  const Comparison difference = compare(actual, reference, tolerance);
  EXPECT_TRUE(difference.passed) << "differs by " << difference.maxAbsError;
}

class Conformance : public ::testing::TestWithParam<std::string> {};

TEST_P(Conformance, GivesTheReferenceOutputs) {
  const fs::path folder = kNodeTests / GetParam();
  if (!fs::exists(kNodeTests)) {
    GTEST_SKIP() << kNodeTests.string() << " is missing: install the package libonnx-testdata";
  }
  if (!fs::exists(folder / "test_data_set_0/input_0.pb")) {
    const std::vector<Tensor> outputs = outputsOf((folder / "model.onnx").string(), {});
    expectOutput(outputs.at(0), readTensorProto((folder / "test_data_set_0/output_0.pb").string()));
    return;
  }
  const DataSet data = readDataSet((folder / "test_data_set_0").string());
  const std::vector<Tensor> outputs = outputsOf((folder / "model.onnx").string(), data);
  ASSERT_EQ(outputs.size(), data.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    SCOPED_TRACE("output " + std::to_string(i));
    expectOutput(outputs[i], data.outputs[i]);
  }
}

std::string testName(const ::testing::TestParamInfo<std::string>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(Target, Conformance, ::testing::ValuesIn(namesIn("conformance.txt")),
                         testName);
INSTANTIATE_TEST_SUITE_P(Beyond, Conformance,
                         ::testing::ValuesIn(namesIn("conformance_beyond.txt")), testName);

}  // namespace
}  // namespace npusim
