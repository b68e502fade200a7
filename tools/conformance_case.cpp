#include "tools/conformance_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sim/core/error.h"
#include "tools/compile_network.h"
#include "tools/forked.h"
#include "tools/simulate.h"
#include "workloads/evaluate/compare.h"

namespace npusim::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModel = "model.onnx";
constexpr const char* kDataSet = "test_data_set_";
constexpr unsigned kMostSeconds = 600;  ///< of one data set

std::vector<fs::path> foldersIn(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  if (error) throw BadInput(folder.string() + ": cannot be read: " + error.message());
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// On this process's one machine.
void runDataSet(const std::string& model, const std::string& dataSet, const MachineOptions& machine,
                DataType precision) {
  const Progress progress;
  GivenTensors given;
  given.data = readDataSet(dataSet);
  Network network = readNetwork({model, {}, {}}, given);
  dropSettled(network.graph, given);
  const std::vector<InputSlot> slots = inputSlots(network.graph);
  if (given.data.inputs.size() != slots.size()) {
    throw BadInput(fmt::format("{}: has {} inputs, the network takes {}", dataSet,
                               given.data.inputs.size(), slots.size()));
  }
  if (given.data.outputs.size() != network.graph.outputs.size()) {
    throw BadInput(fmt::format("{}: has {} outputs, the network gives {}", dataSet,
                               given.data.outputs.size(), network.graph.outputs.size()));
  }
  const DataOptions data;
  const Inputs inputs = completeInputs(slots, given, data.seed);
  const ChipConfig chip = loadMachine(machine);
  CompileChoice choice;
  choice.precision = precision;
  const Compiled compiled = compileNetwork(network, chip, choice, data, given, progress);
  const Simulation simulation =
      simulate(chip, compiled.program, inputs, true, 1, progress, machine.fidelity);
  for (std::size_t i = 0; i < given.data.outputs.size(); ++i) {
    expectConforming(compiled.program.outputs[i].name, simulation.outputs.reals[i],
                     given.data.outputs[i], precision);
  }
}

void expectNear(const std::string& output, const Tensor& actual, const Tensor& expected,
                DataType precision) {
  Tolerance rule;
  if (precision != DataType::Float32) rule = {0, 1e-2};
  const Comparison found = compare(actual, expected, rule);
  if (found.passed) return;
  throw CheckFailed(fmt::format("output '{}' is wrong by {:.3g}, {:.3g} of max|ref|", output,
                                found.maxAbsError, found.maxRelError));
}

void expectEqual(const std::string& output, const Tensor& actual, const Tensor& expected) {
  if (actual.type() != expected.type()) {
    throw CheckFailed(fmt::format("output '{}' is {}, expected {}", output, name(actual.type()),
                                  name(expected.type())));
  }
  std::int64_t wrong = 0, first = 0;
  for (std::int64_t i = elementCount(expected.shape()); i-- > 0;) {
    if (actual.at(i) == expected.at(i)) continue;
    ++wrong;
    first = i;
  }
  if (wrong == 0) return;
  throw CheckFailed(fmt::format(
      "{} of {} elements of output '{}' are wrong, element {} is {}, "
      "expected {}",
      wrong, elementCount(expected.shape()), output, first, actual.at(first), expected.at(first)));
}

}  // namespace

std::vector<ConformanceCase> conformanceCases(const std::string& folder) {
  if (!fs::is_directory(folder)) {
    throw BadInput(folder + ": is not a folder, expected one of ONNX backend tests");
  }
  if (fs::exists(fs::path(folder) / kModel)) {
    fs::path own = fs::path(folder).lexically_normal();
    if (!own.has_filename()) own = own.parent_path();
    return {{own.filename().string(), folder}};
  }
  std::vector<ConformanceCase> cases;
  for (const fs::path& each : foldersIn(folder)) {
    if (fs::exists(each / kModel)) cases.push_back({each.filename().string(), each.string()});
  }
  if (cases.empty()) {
    throw BadInput(folder + ": holds no ONNX backend test, a folder with a " + kModel);
  }
  return cases;
}

void expectConforming(const std::string& output, const Tensor& actual, const Tensor& expected,
                      DataType precision) {
  if (actual.shape() != expected.shape()) {
    throw CheckFailed(fmt::format("output '{}' is {}, expected {}", output,
                                  toString(actual.shape()), toString(expected.shape())));
  }
  if (isFloat(expected.type())) return expectNear(output, actual, expected, precision);
  expectEqual(output, actual, expected);
}

void runConformanceCase(const ConformanceCase& test, const MachineOptions& machine,
                        DataType precision) {
  const std::string model = (fs::path(test.folder) / kModel).string();
  int sets = 0;
  for (const fs::path& folder : foldersIn(test.folder)) {
    if (!folder.filename().string().starts_with(kDataSet)) continue;
    ++sets;
    answerOf(runForked(
        [&] {
          runDataSet(model, folder.string(), machine, precision);
          return std::string();
        },
        kMostSeconds));
  }
  if (sets == 0) throw BadInput(test.folder + ": has no data set, a folder " + kDataSet + "0");
}

}  // namespace npusim::tools
