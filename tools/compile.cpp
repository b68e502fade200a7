#include <fmt/format.h>

#include <filesystem>

#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tools/compile_network.h"
#include "tools/options.h"
#include "tools/session.h"
#include "tools/subcommands.h"
#include "tools/units.h"
#include "tools/unused_options.h"

namespace npusim::tools {
namespace {

/// Whether the given inputs may set the scales of integer formats, as far as can be known without
/// the network.
bool mayCalibrate(const RunOptions& options, const ChipConfig& chip) {
  const DataType precision = options.compile.precision.value_or(chip.formats.at(0));
  return options.data.values && options.data.calibrationFolders.empty() && isInteger(precision);
}

/// A program file holds the program of one machine.
void checkWhole(const Compiled& compiled, const std::string& fallback, const Progress& progress) {
  if (fallback.empty()) return;
  if (compiled.parts.empty()) {
    progress.note("--fallback: the chip runs every operator");
    return;
  }
  throw NotPossible(fmt::format(
      "not supported: a program file for chip and CPU together, and '{}' would run on {}; npusim "
      "run --fallback {} runs such a network",
      compiled.lacking.front().layer, fallback, fallback));
}

}  // namespace

void compileProgram(const Arguments& arguments) {
  RunOptions options;
  std::string file;
  CommandLine line;
  line.name = "compile";
  line.purpose = "Compiles a network to a program file that npusim exec runs without any other.";
  line.options.add_options()("output,o", po::value<std::string>(&file)->value_name("FILE.npu"),
                             "the program file; must be given");
  addNetworkOptions(line, options.network);
  addChipOptions(line, options.machine);
  addMemoryOption(line, options.machine);
  addCompileOptions(line, options.compile);
  addFallbackOption(line, options.compile);
  addDataOptions(line, options.data);
  addInputOptions(line, options.data);
  addCalibrationOption(line, options.data);
  line.notes =
      "Given inputs bind open dimensions. Scales for int8 and int16 come from\n"
      "--calibrate, or from four seeded variations of the inputs: shifted, scaled,\n"
      "never the same.\n";
  if (!parse(line, arguments)) return;
  if (file.empty()) throw BadInput("compile needs -o FILE.npu");
  checkValuesUsed(options.data, {});
  checkFiles({{"-o", file}}, filesOf(options.machine, options.network, options.data));

  const Session session;
  session.progress.show("reading the network");
  const ChipConfig chip = loadMachine(options.machine);
  GivenTensors given = readGiven(options.data);
  given.onlyShapes = !mayCalibrate(options, chip);
  Network network = readNetwork(options.network, given);
  dropSettled(network.graph, given);
  const DataType precision = choosePrecision(options.compile.precision, network, chip);
  checkSeedUsed(options.data, {}, given, isInteger(precision));
  const Compiled compiled =
      compileNetwork(network, chip, options.compile, options.data, given, session.progress);
  checkWhole(compiled, options.compile.fallback, session.progress);
  isa::write(compiled.program, file);
  session.progress.clear();
  print(fmt::format("{}: {} for {} in {}, {} layers, {}\n", file, network.name, chip.name,
                    name(compiled.program.precision), compiled.program.layers.size(),
                    bytes(static_cast<std::int64_t>(std::filesystem::file_size(file)))));
}

}  // namespace npusim::tools
