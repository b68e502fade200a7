#pragma once

#include "tools/command_line.h"
#include "tools/problem.h"

namespace npusim::tools {

/// --input, --kernel, --stride, --pad, --dilation and --groups.
void addConvOptions(CommandLine& line, ConvProblem& problem);

/// Throws BadInput unless the shapes were given.
void checkGiven(const ConvProblem& problem);

}  // namespace npusim::tools
