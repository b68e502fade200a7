#include "tools/options.h"
#include "tools/session.h"
#include "tools/subcommands.h"
#include "tools/unused_options.h"

namespace npusim::tools {

std::optional<RunOptions> parseRun(const Arguments& arguments) {
  RunOptions options;
  CommandLine line;
  line.name = "run";
  line.purpose = "Runs a network on a chip and shows values, cycles, traffic and energy.";
  addNetworkOptions(line, options.network);
  addChipOptions(line, options.machine);
  addMemoryOption(line, options.machine);
  addFidelityOption(line, options.machine);
  addCompileOptions(line, options.compile);
  addFallbackOption(line, options.compile);
  addDataOptions(line, options.data);
  addPassesOption(line, options.data);
  addInputOptions(line, options.data);
  addCheckOptions(line, options.data);
  addCalibrationOption(line, options.data);
  addResultOptions(line, options.results);
  addDramTraceOption(line, options.results);
  line.notes = seedNote() + passesNote();
  if (!parse(line, arguments)) return std::nullopt;
  return options;
}

void run(const Arguments& arguments) {
  const std::optional<RunOptions> options = parseRun(arguments);
  if (!options) return;
  checkValuesUsed(options->data, options->results);
  checkPassesUsed(options->data, options->results);
  checkFiles(options->results, filesOf(options->machine, options->network, options->data));
  const Session session;
  session.progress.show("reading the network");
  GivenTensors given = readGiven(options->data);
  given.onlyShapes = !options->data.values && !options->results.asksHost();
  Network network = readNetwork(options->network, given);
  dropSettled(network.graph, given);
  runNetwork(*options, std::move(network), given, session);
}

}  // namespace npusim::tools
