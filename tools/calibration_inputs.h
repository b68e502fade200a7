#pragma once

#include <vector>

#include "tools/inputs.h"

namespace npusim::tools {

/// Inputs that int8 scales are chosen from. With --calibrate: the data sets, one sample a batch of
/// the network's size. Without: four seeded variations of the inputs under test, never those
/// themselves: given tensors are shifted cyclically along every dimension but the first and
/// scaled by 0.9 to 1.1 within their range, made ones come from other seeds.
std::vector<Inputs> calibrationInputs(const Graph& graph, const DataOptions& data,
                                      const GivenTensors& given);

}  // namespace npusim::tools
