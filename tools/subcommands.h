#pragma once

#include <span>
#include <string>
#include <vector>

namespace npusim::tools {

/// What follows the subcommand's name on the command line.
using Arguments = std::vector<std::string>;

/// One subcommand. It prints its result and throws Error when it cannot do its work.
struct Subcommand {
  const char* name;
  const char* help;  ///< one line
  void (*run)(const Arguments&);
};

/// All subcommands, in the order of the help.
std::span<const Subcommand> subcommands();

void run(const Arguments& arguments);
void compileProgram(const Arguments& arguments);
void execProgram(const Arguments& arguments);
void disassemble(const Arguments& arguments);
void gemm(const Arguments& arguments);
void conv(const Arguments& arguments);
void list(const Arguments& arguments);
void validate(const Arguments& arguments);
void reprice(const Arguments& arguments);
void study(const Arguments& arguments);
void trace(const Arguments& arguments);
void dram(const Arguments& arguments);
void showWhere(const Arguments& arguments);
void conformance(const Arguments& arguments);
void quantizeModel(const Arguments& arguments);

}  // namespace npusim::tools
