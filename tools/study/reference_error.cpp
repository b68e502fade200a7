#include "tools/study/reference_error.h"

#include "kernels/pipeline/compile.h"
#include "tools/compile_network.h"
#include "tools/real_outputs.h"

namespace npusim::tools {

Comparison errorOf(const std::string& workload, const std::string& dataSet, const ChipConfig& chip,
                   const CompileChoice& choice, const Progress& progress) {
  DataOptions data;
  data.folder = dataSet;
  NetworkOptions source;
  source.workload = workload;
  GivenTensors given = readGiven(data);
  Network network = readNetwork(source, given);
  dropSettled(network.graph, given);
  const Inputs inputs = completeInputs(inputSlots(network.graph), given, data.seed);
  const Prepared prepared = prepareNetwork(network, chip, choice, data, given, progress);
  const Graph computed = fuseBehindProducts(prepared.graph, chip);
  return compare(realOutputs(computed, inputs), given.data.outputs);
}

}  // namespace npusim::tools
