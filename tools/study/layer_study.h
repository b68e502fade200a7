#pragma once

#include <string>

#include "sim/array/array_model.h"
#include "sim/config/chip_config.h"
#include "sim/stats/result.h"
#include "tools/problem.h"
#include "tools/run_options.h"

namespace npusim::tools {

/// One layer of a study: a convolution (a matrix product is one of a 1 x m image), without a file.
struct StudyLayer {
  std::string name;
  ConvProblem problem;
};

/// What the array alone does with a layer whose operands lie in its buffers, and how its cycles
/// were spent: useful + edge + fill + wait + drain = cycles.
struct ArrayShare {
  std::int64_t instructions = 1;  ///< groups that do not run together are one each
  std::int64_t cycles = 0;
  double useful = 0;  ///< every PE multiplies
  double edge = 0;    ///< PEs outside a ragged fold, or that multiply zeros between groups
  double fill = 0;    ///< before the first operands stream
  double wait = 0;    ///< operands could stream, but what the PEs hold is not there yet
  double drain = 0;   ///< after the last operands
  ArrayWork work;     ///< of one instruction; they are alike
};

/// Of `problem` in `format`, groups together as the compiler would. Throws NotPossible for what the
/// chip cannot do.
ArrayShare arrayShare(const ChipConfig& chip, DataType format, const ConvProblem& problem);

/// The whole chip, with buffers, DMA and memory, without values: a run in a process of its own,
/// priced. Throws what the run throws.
RunResult chipRun(const ChipConfig& chip, DataType format, const ConvProblem& problem);
/// The same for any network, with loop order and tiling as the compiler chooses them for another
/// chip, which must have the same buffers and memories.
RunResult chipRun(const ChipConfig& chip, const ChipConfig& tiledFor, DataType format,
                  Network network);
/// The same, compiled as `choice` says, whose precision is given.
RunResult chipRun(const ChipConfig& chip, const ChipConfig& tiledFor, const CompileChoice& choice,
                  Network network);

}  // namespace npusim::tools
