#pragma once

#include <optional>
#include <vector>

#include "sim/stats/result.h"
#include "tools/inputs.h"
#include "workloads/graph/graph.h"

namespace npusim::tools {

/// What a network computed, in the order of its outputs.
struct ComputedOutputs {
  std::vector<Tensor> stored;  ///< as they lie in the chip's memory
  std::vector<Tensor> reals;   ///< the same in fp32
};

/// What they are held against.
struct CheckSources {
  const Graph* original = nullptr;   ///< the network as it was read
  const Graph* compiled = nullptr;   ///< in the precision of the run
  const Inputs* inputs = nullptr;    ///< in the network's own types
  std::vector<Tensor> storedInputs;  ///< as they were written, in the order of compiled->inputs
  std::vector<Tensor> expected;      ///< outputs of the data set; empty: none
};

/// Floats are held against the reference evaluation of the original network, and against the data
/// set's outputs where there are any: |a - b| <= 1e-4 + 1e-3 max|ref| in fp32, 1e-2 max|ref| in 16
/// bits; `tolerance` replaces the factor of max|ref|. int8 must equal the evaluation of the
/// quantised network bit for bit, and floats from encoded weights be as near to the evaluation with
/// those weights; how near it is to the original is told, not judged.
/// Throws BadInput when the data set's outputs have other shapes.
ValuesResult checkValues(DataType precision, const std::optional<double>& tolerance,
                         const ComputedOutputs& computed, const CheckSources& sources);

/// Values of a program without its network: held against the data set if there is one.
ValuesResult checkAgainstData(DataType precision, const std::optional<double>& tolerance,
                              const std::vector<Tensor>& reals,
                              const std::vector<Tensor>& expected);

}  // namespace npusim::tools
