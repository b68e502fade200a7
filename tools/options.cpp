#include "tools/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/core/error.h"
#include "tools/fallback.h"

namespace npusim::tools {
namespace {

const std::vector<std::string> kPrecisions = {"fp32", "fp16", "bf16", "int16", "int8"};

po::typed_value<std::string>* text(const char* valueName, std::string& target) {
  return po::value<std::string>(&target)->value_name(valueName);
}

/// A word that must be one of a few; `use` takes it.
template <typename Use>
po::typed_value<std::string>* choice(const char* option, const char* valueName,
                                     std::vector<std::string> choices, Use use) {
  return po::value<std::string>()->value_name(valueName)->notifier(
      [option, choices = std::move(choices), use](const std::string& word) {
        expectChoice(option, word, choices);
        use(word);
      });
}

/// A whole number of at least `least`; `use` takes it.
template <typename Use>
po::typed_value<std::string>* number(const char* option, std::int64_t least, Use use) {
  return po::value<std::string>()->value_name("N")->notifier(
      [=](const std::string& word) { use(wholeNumber(option, word, least)); });
}

Objective objectiveNamed(const std::string& word) {
  if (word == "energy") return Objective::Energy;
  return word == "edp" ? Objective::Edp : Objective::Latency;
}

constexpr std::array kPartitions = {Partition::Auto, Partition::Channel, Partition::Row,
                                    Partition::Batch, Partition::Pipeline};

std::vector<std::string> partitionNames() {
  std::vector<std::string> names;
  for (const Partition each : kPartitions) names.emplace_back(name(each));
  return names;
}

Partition partitionNamed(const std::string& word) {
  return *std::find_if(kPartitions.begin(), kPartitions.end(),
                       [&](Partition each) { return name(each) == word; });
}

Fidelity fidelityNamed(const std::string& word) {
  if (word == "module") return Fidelity::Module;
  return word == "pe" ? Fidelity::Pe : Fidelity::Tile;
}

std::vector<std::string> referencesFrom(const std::vector<std::string>& words) {
  if (words == std::vector<std::string>{"none"}) return {};
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (*word == "none") throw BadInput("--reference none: excludes the others; keep one");
    if (std::find(words.begin(), word, *word) != word) {
      throw BadInput(fmt::format("--reference {}: is given twice; keep one", *word));
    }
  }
  return words;
}

PassLimit passLimitFrom(const std::string& word) {
  if (word == "all") return {PassLimit::Kind::All};
  if (word == "auto") return {PassLimit::Kind::Auto};
  if (word.find_first_not_of("0123456789") != std::string::npos) {
    throw BadInput(fmt::format("--passes {}: must be all, auto or a number", word));
  }
  return {PassLimit::Kind::AtMost, wholeNumber("--passes", word, PassLimit::kFewest)};
}

double toleranceFrom(const std::string& word) {
  std::size_t used = 0;
  double tolerance = -1;
  try {
    tolerance = std::stod(word, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != word.size() || used == 0 || !std::isfinite(tolerance) || tolerance < 0) {
    throw BadInput(fmt::format("--tolerance {}: must be a number of at least 0", word));
  }
  return tolerance;
}

}  // namespace

void addChipOptions(CommandLine& line, MachineOptions& options) {
  line.options.add_options()("chip", text("FILE|NAME", options.chip),
                             "chip: a YAML file or a preset (edge)")(
      "set", manyValues("KEY=VALUE")->notifier([&](const std::vector<std::string>& all) {
        for (const auto& word : all) options.overrides.push_back(splitAssignment("--set", word));
      }),
      "change a key of the chip: --set array.rows=64");
}

void addMemoryOption(CommandLine& line, MachineOptions& options) {
  line.options.add_options()(
      "memory",
      choice("--memory", "ideal|modelled", {"ideal", "modelled"},
             [&](const std::string& word) { options.idealMemory = word == "ideal"; }),
      "ideal: only the array costs cycles (modelled)");
}

void addFidelityOption(CommandLine& line, MachineOptions& options) {
  line.options.add_options()(
      "fidelity",
      choice("--fidelity", "tile|pe|module", {"tile", "pe", "module"},
             [&](const std::string& word) { options.fidelity = fidelityNamed(word); }),
      "tile laws, every PE, or SystemC PEs (tile)");
}

void addNetworkOptions(CommandLine& line, NetworkOptions& options) {
  line.options.add_options()("workload", text("FILE|NAME", options.workload),
                             "FILE.onnx, FILE.yaml or a name (blazeface_front)")(
      "batch", number("--batch", 1, [&](std::int64_t n) { options.batch = n; }),
      "first dimension of every input")(
      "dim", manyValues("NAME=N")->notifier([&](const std::vector<std::string>& all) {
        for (const auto& word : all) {
          const auto [name, size] = splitAssignment("--dim", word);
          if (!options.dims.emplace(name, wholeNumber("--dim " + name, size, 1)).second) {
            throw BadInput(fmt::format("--dim {}: is given twice; keep one", name));
          }
        }
      }),
      "size of a dimension that the network leaves open");
}

void addPrecisionOption(CommandLine& line, CompileChoice& options) {
  line.options.add_options()(
      "precision",
      choice("--precision", "FORMAT", kPrecisions,
             [&](const std::string& word) { options.precision = parseDataType(word); }),
      "fp32, fp16, bf16, int16 or int8");
}

void addWeightsOption(CommandLine& line, CompileChoice& options) {
  line.options.add_options()(
      "weights",
      po::value<std::string>()->value_name("FORM")->notifier(
          [&](const std::string& word) { options.weights = weightChoiceNamed(word); }),
      "int8, int4, palette:BITS, pruned:SHARE (dense)");
}

void addCompileOptions(CommandLine& line, CompileChoice& options) {
  addPrecisionOption(line, options);
  addWeightsOption(line, options);
  line.options.add_options()(
      "objective",
      choice("--objective", "WHAT", {"latency", "energy", "edp"},
             [&](const std::string& word) { options.objective = objectiveNamed(word); }),
      "latency, energy or edp (latency)")("partition",
                                          choice("--partition", "HOW", partitionNames(),
                                                 [&](const std::string& word) {
                                                   options.partition = partitionNamed(word);
                                                   options.partitionGiven = true;
                                                 }),
                                          "over cores: auto, channel, row, batch, pipeline")(
      "allow-streaming", po::bool_switch(&options.allowStreaming),
      "weights without room come over the host link");
}

void addFallbackOption(CommandLine& line, CompileChoice& options) {
  line.options.add_options()(
      "fallback",
      po::value<std::string>()->value_name("cpu|NAME")->notifier([&](const std::string& word) {
        options.fallback = word == "cpu" ? kFallbackCpu : word;
        loadHostCpu(options.fallback);
      }),
      "a host CPU for what the chip lacks (cpu_a15)");
}

void addSeedOption(CommandLine& line, DataOptions& options) {
  line.options.add_options()("seed",
                             number("--seed", 0,
                                    [&](std::int64_t n) {
                                      options.seed = static_cast<std::uint64_t>(n);
                                      options.seedGiven = true;
                                    }),
                             "of made inputs (1)");
}

void addDataOptions(CommandLine& line, DataOptions& options) {
  line.options.add_options()("values",
                             choice("--values", "on|off", {"on", "off"},
                                    [&](const std::string& word) {
                                      options.values = word == "on";
                                      options.valuesGiven = true;
                                    }),
                             "off: cycles and energy only, no numbers (on)");
  addSeedOption(line, options);
}

void addPassesOption(CommandLine& line, DataOptions& options) {
  line.options.add_options()(
      "passes",
      po::value<std::string>()->value_name("all|auto|N")->notifier([&](const std::string& word) {
        options.passesGiven = true;
        options.passes = passLimitFrom(word);
      }),
      "of loops over layers, with values off (auto)");
}

void addInputOptions(CommandLine& line, DataOptions& options) {
  line.options.add_options()(
      "input", manyValues("NAME=FILE")->notifier([&](const std::vector<std::string>& all) {
        for (const auto& word : all) options.inputFiles.push_back(splitAssignment("--input", word));
      }),
      "an input from a .npy or .pb file")("data", text("DIR", options.folder),
                                          "ONNX data set: input_I.pb, output_I.pb");
}

void addCheckOptions(CommandLine& line, DataOptions& options) {
  line.options.add_options()(
      "tolerance",
      po::value<std::string>()->value_name("T")->notifier(
          [&](const std::string& word) { options.tolerance = toleranceFrom(word); }),
      "allowed error / max|ref| (1e-3; 16 bits 1e-2)");
}

void addCalibrationOption(CommandLine& line, DataOptions& options) {
  line.options.add_options()("calibrate",
                             manyValues("DIR")->notifier([&](const std::vector<std::string>& all) {
                               options.calibrationFolders = all;
                             }),
                             "data set for int8 ranges (4 varied inputs)");
}

void addComparisonOptions(CommandLine& line, ResultOptions& options) {
  line.options.add_options()("reference",
                             manyValues("NAME")->notifier([&](const std::vector<std::string>& all) {
                               options.references = referencesFrom(all);
                             }),
                             "beside it: a preset, host or none")(
      "json", text("FILE", options.json), "write the result as JSON");
}

void addResultOptions(CommandLine& line, ResultOptions& options) {
  addComparisonOptions(line, options);
  line.options.add_options()("repeat",
                             number("--repeat", 1, [&](std::int64_t n) { options.repeat = n; }),
                             "predictions; the last one counts (1)")(
      "csv", text("FILE", options.csv), "write the layers as CSV")(
      "outputs", text("DIR", options.outputs), "write each output as NAME.npy");
}

void addDramTraceOption(CommandLine& line, ResultOptions& options) {
  line.options.add_options()("dram-trace", text("FILE", options.dramTrace),
                             "write what the first DRAM is asked for");
}

void addProblemOptions(CommandLine& line, RunOptions& options) {
  addChipOptions(line, options.machine);
  addMemoryOption(line, options.machine);
  addFidelityOption(line, options.machine);
  addCompileOptions(line, options.compile);
  addDataOptions(line, options.data);
  addCheckOptions(line, options.data);
  addResultOptions(line, options.results);
}

std::string seedNote() {
  return "Inputs not given are made from --seed: floats uniform in [-1, 1), element i of\n"
         "input NAME from SplitMix64 of seed, NAME and i; integers and booleans 0.\n";
}

std::string problemNote() {
  return "Inputs and weights are made from --seed: floats uniform around 0.\n";
}

std::string passesNote() {
  return "--passes auto: loops that move over 8 GiB end once steady; N: any, after N.\n";
}

std::string calibrationNote() {
  return "Without --calibrate, int8 scales come from 4 seeded variations of the inputs.\n";
}

}  // namespace npusim::tools
