#include "sim/isa/program_io.h"
#include "tools/command_line.h"
#include "tools/output.h"

namespace npusim::tools {

void disassemble(const Arguments& arguments) {
  CommandLine line;
  line.name = "disasm";
  line.purpose = "Prints a program file as text, one instruction a line.";
  line.positionals = {"FILE.npu"};
  const auto words = parse(line, arguments);
  if (words) print(isa::toText(isa::read(words->front())));
}

}  // namespace npusim::tools
