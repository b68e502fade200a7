#pragma once

#include "kernels/pipeline/calibration.h"
#include "workloads/graph/graph.h"

namespace npusim {

/// Takes pairs of QuantizeLinear and DequantizeLinear on run-time values out of a network, and
/// gives their scales and zero points to `calibration`, so that an int8 run computes with the
/// file's own. uint8 codes become int8 ones, 128 lower. A value that stood before a pair takes the
/// name of what stood behind it, unless it is an input. Pairs with a scale for each channel, and
/// codes that anything else reads, stay as they are.
void takeQuantization(Graph& graph, Calibration& calibration);

}  // namespace npusim
