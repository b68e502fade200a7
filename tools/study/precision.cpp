#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tools/command_line.h"
#include "tools/compile_network.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/study/reference_error.h"
#include "tools/study/studies.h"
#include "tools/text_table.h"

namespace npusim::tools {
namespace {

namespace fs = std::filesystem;

/// A network with reference data sets.
struct Reference {
  std::string name, model;
  std::vector<std::string> sets;
};

/// The folders of `folder` with data sets, sorted; the model is model.onnx in it, or NAME.onnx in
/// `models`.
std::vector<Reference> referencesIn(const std::string& folder, const std::string& models) {
  if (!fs::is_directory(folder)) throw BadInput(folder + ": is not a folder of networks");
  std::vector<Reference> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    Reference reference;
    reference.name = entry.path().filename().string();
    fs::path model = entry.path() / "model.onnx";
    if (!models.empty() && !fs::exists(model))
      model = fs::path(models) / (reference.name + ".onnx");
    if (!fs::is_directory(entry.path()) || !fs::exists(model)) continue;
    for (const auto& set : fs::directory_iterator(entry.path())) {
      if (fs::exists(set.path() / "input_0.pb")) reference.sets.push_back(set.path().string());
    }
    reference.model = model.string();
    std::ranges::sort(reference.sets);
    if (!reference.sets.empty()) found.push_back(std::move(reference));
  }
  if (found.empty()) throw BadInput(folder + ": holds no network with model and data sets");
  std::ranges::sort(found, {}, &Reference::name);
  return found;
}

std::vector<std::string> cells(const Reference& reference, const ChipConfig& chip,
                               DataType precision, const Progress& progress) {
  CompileChoice choice;
  choice.precision = precision;
  Comparison worst;
  try {
    for (const std::string& set : reference.sets) {
      const Comparison each = errorOf(reference.model, set, chip, choice, progress);
      worst.maxRelError = std::max(worst.maxRelError, each.maxRelError);
      worst.cosineSimilarity = std::min(worst.cosineSimilarity, each.cosineSimilarity);
      worst.argMaxEqual = worst.argMaxEqual && each.argMaxEqual;
    }
  } catch (const NotPossible& refused) {
    if (!chip.supports(precision)) throw;  // no other network would do
    return {reference.name, std::to_string(reference.sets.size()), "", "", refused.what()};
  }
  return {reference.name, std::to_string(reference.sets.size()),
          fmt::format("{:.5f}", worst.cosineSimilarity), fmt::format("{:.2g}", worst.maxRelError),
          worst.argMaxEqual ? "equal" : "differs"};
}

}  // namespace

void studyPrecision(const Arguments& arguments) {
  CommandLine line;
  line.name = "study precision";
  line.purpose =
      "Holds networks in a precision to their reference outputs: DIR has a folder for\n"
      "each, with data sets in test_data_set_0, ... and model.onnx, or NAME.onnx in\n"
      "--models. Evaluates what the machine computes; shows the worst data set.";
  line.positionals = {"DIR"};
  std::string models;
  bool markdown = false;
  MachineOptions machine;
  CompileChoice choice;
  addChipOptions(line, machine);
  addPrecisionOption(line, choice);
  line.options.add_options()("models", po::value(&models)->value_name("DIR"),
                             "where NAME.onnx lie")("markdown", po::bool_switch(&markdown),
                                                    "as Markdown");
  line.notes = "Without --precision, int8. Scales come from 4 seeded variations of the inputs.\n";
  const auto words = parse(line, arguments);
  if (!words) return;
  const DataType precision = choice.precision.value_or(DataType::Int8);
  const ChipConfig chip = loadMachine(machine);
  const Progress progress;
  TextTable table({{"network", TextTable::Align::Left},
                   {"data sets"},
                   {"cosine"},
                   {"largest error / value"},
                   {"arg-max", TextTable::Align::Left}});
  for (const Reference& reference : referencesIn(words->front(), models)) {
    progress.show(reference.name);
    table.addRow(cells(reference, chip, precision, progress));
  }
  progress.clear();
  print(markdown ? table.markdown() : table.text());
}

}  // namespace npusim::tools
