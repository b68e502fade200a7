#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/isa/program.h"
#include "tools/run_options.h"
#include "workloads/graph/graph.h"
#include "workloads/onnx/data_set.h"

namespace npusim::tools {

/// Tensors by the name of the network's input.
using Inputs = std::map<std::string, Tensor>;

/// Tensors that the user gave.
struct GivenTensors {
  Inputs byName;  ///< --input
  DataSet data;   ///< --data, in the order of the network's inputs
  /// The run uses their shapes only: they must bind a dimension that the network leaves open.
  bool onlyShapes = false;
};

/// Reads --input and --data files. Throws BadInput naming the file.
GivenTensors readGiven(const DataOptions& options);

/// What a network takes: one input.
struct InputSlot {
  std::string name;
  DataType type = DataType::Float32;
  Shape shape;
  double zeroShare = 0;  ///< of made values that are exact zeros
};
std::vector<InputSlot> inputSlots(const Graph& graph);
/// Formats that only the program uses (fp16, quantised integers) are asked for in fp32.
std::vector<InputSlot> inputSlots(const isa::Program& program);

/// One tensor for every slot: given by name, else the data set's, else made from the seed. Floats
/// are then uniform in [-1, 1): element i of input NAME is SplitMix64 of (seed, NAME, i);
/// integers and booleans are 0. Throws BadInput for unknown names and wrong shapes or types.
Inputs completeInputs(const std::vector<InputSlot>& slots, const GivenTensors& given,
                      std::uint64_t seed);

/// A tensor of reals, or of plain integers, in the stored form of a port, and back: back yields
/// fp32 unless the port holds plain integers.
Tensor toPort(const Tensor& tensor, const isa::PortTensor& port);
Tensor fromPort(const Tensor& stored, const isa::PortTensor& port);

}  // namespace npusim::tools
