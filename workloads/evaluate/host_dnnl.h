#pragma once

#include <map>
#include <string>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim {

/// A network run on this machine's own CPU.
struct HostRun {
  std::vector<Tensor> outputs;  ///< in the graph's order
  double seconds = 0;           ///< of one inference: the least of several, after a warm-up
  int threads = 1;  ///< of this machine; oneDNN takes all unless OMP_NUM_THREADS says less
  /// Names of nodes that oneDNN did not run (the plain evaluation did, within `seconds`).
  std::vector<std::string> plainNodes;
};

/// Runs a graph of fp32 values: convolutions, matrix products, pools, spatial means and common
/// element operations through oneDNN in its own layouts, the rest through evaluateNode. Weights are
/// brought into oneDNN's layout and primitives are made before the clock starts. `inputs` by value
/// name, as for evaluate(). Throws BadInput for missing inputs, InternalError when oneDNN fails.
HostRun runOnHost(const Graph& graph, const std::map<std::string, Tensor>& inputs,
                  int repetitions = 5);

}  // namespace npusim
