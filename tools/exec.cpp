#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tools/options.h"
#include "tools/session.h"
#include "tools/subcommands.h"

namespace npusim::tools {

void execProgram(const Arguments& arguments) {
  DataOptions data;
  ResultOptions results;
  CommandLine line;
  line.name = "exec";
  line.purpose = "Executes a program file on the chip that it was compiled for.";
  line.positionals = {"FILE.npu"};
  addDataOptions(line, data);
  addInputOptions(line, data);
  addCheckOptions(line, data);
  addResultOptions(line, results);
  line.notes = seedNote();
  const auto words = parse(line, arguments);
  if (!words) return;
  checkTogether(data, results);
  const Session session;
  session.progress.show("reading the program");
  const isa::Program program = isa::read(words->front());
  if (!program.values) data.values = false;
  checkTogether(data, results);
  runProgram(program, data, results, session);
}

}  // namespace npusim::tools
