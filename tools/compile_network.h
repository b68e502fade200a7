#pragma once

#include "sim/isa/program.h"
#include "tools/network.h"
#include "tools/output.h"
#include "tools/run_options.h"

namespace npusim::tools {

/// A part of a network that the chip runs, or the host's CPU without a program (tools/fallback.h).
struct CompiledPart {
  bool onChip = true;
  Graph graph;
  isa::Program program;
};

/// A network compiled for one chip.
struct Compiled {
  ChipConfig
      machine;  ///< that runs it: the chip, with the host's memory where weights are streamed
  Graph graph;  ///< in the precision of the run: what the program computes
  isa::Program program;
  /// In the order they run in; empty: `program` is the whole. Else it has no instructions.
  std::vector<CompiledPart> parts;
  std::vector<Refusal> lacking;  ///< why the CPU has parts
  double seconds = 0;            ///< of wall time, without calibration
};

/// The chip that the options name. Throws as loadChip().
ChipConfig loadMachine(const MachineOptions& options);

/// A network in the precision of a run.
struct Prepared {
  Graph graph;
  DataType precision = DataType::Float32;
  double seconds = 0;  ///< of wall time, without calibration
};

/// Passes, and calibration where the precision asks for it; see compileNetwork().
Prepared prepareNetwork(Network& network, const ChipConfig& chip, const CompileChoice& choice,
                        const DataOptions& data, const GivenTensors& given,
                        const Progress& progress);

/// Passes, calibration where the precision asks for it, and compilation. With values, weights that
/// a seed stands for become real first, in `network` too. int8 scales come from evaluating
/// the network on calibrationInputs(), unless its file has QuantizeLinear and DequantizeLinear
/// pairs that say. What the chip lacks goes to the CPU of choice.fallback, where there is one.
/// Throws BadInput for options that the format does not use.
Compiled compileNetwork(Network& network, const ChipConfig& chip, const CompileChoice& choice,
                        const DataOptions& data, const GivenTensors& given,
                        const Progress& progress);

}  // namespace npusim::tools
