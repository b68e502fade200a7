#include <fmt/format.h>

#include <array>

#include "sim/config/load_config.h"
#include "tools/command_line.h"
#include "tools/compile_network.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/study/layer_study.h"
#include "tools/study/reference_error.h"
#include "tools/study/studies.h"
#include "tools/text_table.h"
#include "tools/units.h"

namespace npusim::tools {
namespace {

constexpr std::array kForms = {"dense",     "int8",       "int4",       "palette:6",
                               "palette:4", "pruned:0.5", "pruned:0.75"};

struct WeightsOptions {
  MachineOptions machine;
  NetworkOptions network;
  std::string dataSet;
  bool markdown = false;
};

std::vector<std::string> cells(const char* form, const WeightsOptions& options,
                               const ChipConfig& chip, const Progress& progress) {
  CompileChoice choice;
  choice.precision = DataType::Float16;
  choice.weights = weightChoiceNamed(form);
  GivenTensors given;
  if (!options.dataSet.empty()) {
    DataOptions data;
    data.folder = options.dataSet;
    given = readGiven(data);
  }
  const RunResult result = chipRun(chip, chip, choice, readNetwork(options.network, given));
  const PredictResult& p = result.predict;
  std::vector<std::string> row = {form, bytes(result.load.bytes), bytes(p.counters.dramBytes.read),
                                  grouped(p.cycles), si(p.energyJ, "J")};
  if (options.dataSet.empty()) return row;
  const Comparison error =
      errorOf(options.network.workload, options.dataSet, chip, choice, progress);
  row.push_back(fmt::format("{:.5f}", error.cosineSimilarity));
  row.push_back(fmt::format("{:.2g}", error.maxRelError));
  return row;
}

std::string report(const WeightsOptions& options) {
  const ChipConfig chip = loadMachine(options.machine);
  const Progress progress;
  std::vector<TextTable::Column> columns = {
      {"weights", TextTable::Align::Left}, {"load"}, {"DRAM read"}, {"cycles"}, {"energy"}};
  if (!options.dataSet.empty()) {
    columns.push_back({"cosine"});
    columns.push_back({"largest error / value"});
  }
  TextTable table(columns);
  for (const char* form : kForms) {
    progress.show(form);
    table.addRow(cells(form, options, chip, progress));
  }
  progress.clear();
  const std::string title =
      fmt::format("Weights of `{}` on `{}`, fp16", options.network.workload, chip.name);
  return options.markdown ? "### " + title + "\n\n" + table.markdown()
                          : title + "\n" + table.text();
}

}  // namespace

void studyWeights(const Arguments& arguments) {
  CommandLine line;
  line.name = "study weights";
  line.purpose =
      "Runs a network in fp16 with its weights in every form that a decoder expands,\n"
      "and prints what is loaded, what DRAM reads, cycles and energy; with --data also\n"
      "how far the results are from the data set's.";
  WeightsOptions options;
  options.machine.chip = "ane_a15";
  options.network.workload = "resnet50";
  addChipOptions(line, options.machine);
  addNetworkOptions(line, options.network);
  line.options.add_options()("data", po::value(&options.dataSet)->value_name("DIR"),
                             "ONNX data set with reference outputs")(
      "markdown", po::bool_switch(&options.markdown), "as Markdown");
  line.notes = "Without --chip, ane_a15; without --workload, resnet50.\n";
  if (!parse(line, arguments)) return;
  print(report(options));
}

}  // namespace npusim::tools
