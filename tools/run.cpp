#include "tools/session.h"

namespace npusim::tools {

void run(const Arguments& arguments) {
  RunOptions options;
  CommandLine line;
  line.name = "run";
  line.purpose = "Runs a network on a chip and shows values, cycles, traffic and energy.";
  addNetworkOptions(line, options.network);
  addChipOptions(line, options.machine);
  addSimulationOptions(line, options.machine);
  addCompileOptions(line, options.compile);
  addDataOptions(line, options.data);
  addInputOptions(line, options.data);
  addCheckOptions(line, options.data);
  addCalibrationOption(line, options.data);
  addResultOptions(line, options.results);
  line.notes = seedNote();
  if (!parse(line, arguments)) return;
  checkTogether(options.data, options.results);
  const Session session;
  session.progress.show("reading the network");
  const GivenTensors given = readGiven(options.data);
  runNetwork(options, readNetwork(options.network, given), given, session);
}

}  // namespace npusim::tools
