#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/core/tensor.h"
#include "sim/stats/result.h"
#include "tools/run_options.h"

namespace npusim::tools {

/// A network's outputs by name.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Prints the table and writes the files that the options ask for, each as a whole or not at all.
/// Throws CheckFailed after all of that when the values failed their check.
void report(const RunResult& result, const NamedTensors& outputs, const ResultOptions& options);

/// The file names of the outputs: NAME.npy with everything but letters, digits, '.', '_' and '-'
/// replaced by '_', and a number where two became equal.
std::vector<std::string> outputFileNames(const NamedTensors& outputs);

}  // namespace npusim::tools
