#pragma once

#include <vector>

#include "sim/config/reference_config.h"
#include "sim/core/operator_work.h"
#include "sim/reference/matrix_time.h"

namespace npusim {

/// Bytes of one operator's tensors, each counted once.
struct OperatorBytes {
  double input = 0, weight = 0, output = 0;
  double total() const { return input + weight + output; }
};
OperatorBytes operatorBytes(const OperatorWork& work, DataType format);

/// What a network leaves in the caches between operators and between inferences.
struct NetworkFootprint {
  double weightBytes = 0;          ///< of all operators
  double peakActivationBytes = 0;  ///< largest input + output of one operator
};
NetworkFootprint footprint(const std::vector<OperatorWork>& works, DataType format);

/// Bytes that each cache level and, last, the memory deliver or take for one operator, nearest
/// first. The nearest level serves the registers' tile; a farther one what the level before it
/// (of capacity C in `copies` parts) misses, with the best square blocking of side
/// sqrt(C / copies / 3 elements): A passes once per block column of n, B once per block row of m.
/// A tensor that fits stays: activations when the operator's tensors fit the level before, weights
/// when the whole network's weights and its largest activations fit. Never more than the nearer
/// level moves, never less than the tensors that do not stay.
std::vector<double> trafficByLevel(const ReferenceConfig& machine, const OperatorWork& work,
                                   DataType format, const MatrixBlocking& blocking,
                                   const NetworkFootprint& network);

}  // namespace npusim
