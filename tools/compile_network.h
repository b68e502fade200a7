#pragma once

#include "sim/isa/program.h"
#include "tools/network.h"
#include "tools/output.h"
#include "tools/run_options.h"

namespace npusim::tools {

/// A network compiled for one chip.
struct Compiled {
  Graph graph;  ///< in the precision of the run: what the program computes
  isa::Program program;
  double seconds = 0;  ///< of wall time, without calibration
};

/// The chip that the options name. Throws as loadChip().
ChipConfig loadMachine(const MachineOptions& options);

/// Passes, calibration where the precision asks for it, and compilation. With values, weights that
/// a seed stands for become real first, in `network` too. int8 scales come from evaluating
/// the network on calibrationInputs(). Throws BadInput for options that the format does not use.
Compiled compileNetwork(Network& network, const ChipConfig& chip, const CompileChoice& choice,
                        const DataOptions& data, const GivenTensors& given,
                        const Progress& progress);

}  // namespace npusim::tools
