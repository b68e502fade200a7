#include <fmt/format.h>

#include <filesystem>

#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tools/compile_network.h"
#include "tools/options.h"
#include "tools/session.h"
#include "tools/subcommands.h"
#include "tools/units.h"

namespace npusim::tools {

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
  addSimulationOptions(line, options.machine);
  addCompileOptions(line, options.compile);
  addDataOptions(line, options.data);
  addInputOptions(line, options.data);
  addCalibrationOption(line, options.data);
  line.notes =
      "Given inputs bind open dimensions. Scales for int8 come from --calibrate, or\n"
      "from four seeded variations of the inputs: shifted, scaled, never the same.\n";
  if (!parse(line, arguments)) return;
  if (file.empty()) throw BadInput("npusim compile needs -o FILE.npu");
  expectWritable(file);

  const Session session;
  session.progress.show("reading the network");
  const ChipConfig chip = loadMachine(options.machine);
  Network network = readNetwork(options.network, readGiven(options.data));
  const Compiled compiled =
      compileNetwork(network, chip, options.compile, options.data, session.progress);
  isa::write(compiled.program, file);
  session.progress.clear();
  print(fmt::format("{}: {} for {} in {}, {} layers, {}\n", file, network.name, chip.name,
                    name(compiled.program.precision), compiled.program.layers.size(),
                    bytes(static_cast<std::int64_t>(std::filesystem::file_size(file)))));
}

}  // namespace npusim::tools
