#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/pipeline/compile.h"
#include "sim/config/chip_config.h"
#include "sim/core/traffic.h"
#include "sim/isa/program.h"
#include "workloads/graph/graph.h"

namespace npusim::end_to_end {

using Inputs = std::map<std::string, Tensor>;

/// One prediction of a program on its own chip.
struct Execution {
  std::vector<Tensor> outputs;  ///< as they lie in the chip's memory
  std::int64_t cycles = 0, macs = 0;
  ReadWrite dramBytes;  ///< whole bursts
  std::string error;    ///< what the machine threw; empty when it finished
};

/// Runs a program in a process of its own. `inputs` are in the ports' types.
Execution execute(const isa::Program& program, const Inputs& inputs);
/// The same on a machine with other timing than the program's own.
Execution execute(const ChipConfig& chip, const isa::Program& program, const Inputs& inputs);

/// What one prediction without values moves to and from DRAM, of a program compiled without them.
ReadWrite dramBytesOf(const ChipConfig& chip, const isa::Program& program);

bool sameBytes(const std::vector<Tensor>& a, const std::vector<Tensor>& b);

/// A graph compiled for a chip: what the machine computes, and the program that computes it. int8
/// and int16 are calibrated on `samples`, real inputs of the graph.
struct Compiled {
  Graph graph;
  isa::Program program;
};
Compiled compileFor(const Graph& graph, const ChipConfig& chip, DataType precision,
                    const std::vector<Inputs>& samples, Partition partition = Partition::Auto);

/// Real inputs as the compiled graph's inputs hold them.
Inputs storedInputs(const Graph& compiled, const Inputs& reals);

/// Multiply-accumulates of all nodes.
std::int64_t macsOf(const Graph& graph);

}  // namespace npusim::end_to_end
