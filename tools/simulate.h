#pragma once

#include <vector>

#include "sim/config/chip_config.h"
#include "sim/core/fidelity.h"
#include "sim/core/pass_limit.h"
#include "sim/isa/program.h"
#include "sim/memory/tracing_memory.h"
#include "sim/stats/result.h"
#include "tools/check.h"
#include "tools/inputs.h"
#include "tools/output.h"

namespace npusim::tools {

/// What one machine did with a program: loaded once, and the last of its predictions.
struct Simulation {
  LoadResult load;
  IoResult io;
  PredictResult predict;
  std::vector<LayerResult> layers;
  std::vector<Tensor> storedInputs;  ///< in the ports' types; empty without values
  ComputedOutputs outputs;           ///< empty without values
  double seconds = 0;                ///< of wall time
};

/// Who is told what is asked of which of the chip's memories; nobody without a function.
struct ObservedMemory {
  std::size_t memory = 0;
  TracingMemory::Observer observer;
};

/// Loads the program, writes the inputs and predicts `repeat` times. Once in a process, because
/// SystemC elaborates once. With values, or with an observer, all passes are simulated.
Simulation simulate(const ChipConfig& chip, const isa::Program& program, const Inputs& inputs,
                    bool values, std::int64_t repeat, const Progress& progress,
                    Fidelity fidelity = Fidelity::Tile, const PassLimit& passes = {},
                    const ObservedMemory& observed = {});

}  // namespace npusim::tools
