#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tools/options.h"
#include "tools/session.h"
#include "tools/subcommands.h"
#include "tools/unused_options.h"

namespace npusim::tools {
namespace {

const std::string kNoValues =
    "the program was compiled without values; compile it again without --values off";

/// As for a network; nor do a program's shapes depend on inputs.
void checkData(const DataOptions& data, const ResultOptions& results, const std::string& remedy) {
  checkValuesUsed(data, results, remedy);
  if (data.tolerance && data.folder.empty()) {
    throw BadInput("--tolerance needs --data: a program file has nothing else to check against");
  }
  if (data.values) return;
  if (!data.inputFiles.empty()) throw BadInput("--input needs values; " + remedy);
  if (!data.folder.empty()) throw BadInput("--data needs values; " + remedy);
}

}  // namespace

void execProgram(const Arguments& arguments) {
  MachineOptions machine;
  DataOptions data;
  ResultOptions results;
  CommandLine line;
  line.name = "exec";
  line.purpose = "Executes a program file on the chip that it was compiled for.";
  line.positionals = {"FILE.npu"};
  addFidelityOption(line, machine);
  addDataOptions(line, data);
  addPassesOption(line, data);
  addInputOptions(line, data);
  addCheckOptions(line, data);
  addResultOptions(line, results);
  line.notes = seedNote() + passesNote();
  const auto words = parse(line, arguments);
  if (!words) return;
  checkData(data, results, "leave out --values off");
  checkFiles(results, {{"FILE.npu", words->front()}});
  const Session session;
  session.progress.show("reading the program");
  const isa::Program program = isa::read(words->front());
  if (!program.values) {
    if (data.values && data.valuesGiven) throw BadInput("--values on: " + kNoValues);
    data.values = false;
    checkData(data, results, kNoValues);
  }
  checkPassesUsed(data, results);
  runProgram(program, machine.fidelity, data, results, session);
}

}  // namespace npusim::tools
