#pragma once

#include <string>

#include "sim/config/chip_config.h"
#include "tools/output.h"
#include "tools/run_options.h"
#include "workloads/evaluate/compare.h"

namespace npusim::tools {

/// How far a network, in the number formats that `choice` asks for on `chip`, is from the reference
/// outputs of one ONNX data set. Evaluates what the machine computes.
Comparison errorOf(const std::string& workload, const std::string& dataSet, const ChipConfig& chip,
                   const CompileChoice& choice, const Progress& progress);

}  // namespace npusim::tools
