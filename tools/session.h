#pragma once

#include "sim/isa/program.h"
#include "tools/inputs.h"
#include "tools/network.h"
#include "tools/output.h"
#include "tools/run_options.h"
#include "tools/stopwatch.h"

namespace npusim::tools {

/// What a run is made of before anything is computed: the clock that times it all, and what it
/// tells the user meanwhile.
struct Session {
  Stopwatch watch;
  Progress progress;
};

/// The whole line for a network: compile, simulate, check, price; prints the table and writes the
/// files. Throws CheckFailed at the end when the values failed their check.
void runNetwork(const RunOptions& options, Network network, const GivenTensors& given,
                const Session& session);

/// The same for a program that was compiled before. Throws BadInput when it is damaged.
void runProgram(const isa::Program& program, Fidelity fidelity, const DataOptions& data,
                const ResultOptions& results, const Session& session);

}  // namespace npusim::tools
