#pragma once

#include <cstdint>

#include "tools/network.h"

namespace npusim::tools {

/// output [m, n] = a [m, k] x w [k, n], with w made from the seed.
Network gemmNetwork(std::int64_t m, std::int64_t n, std::int64_t k, std::uint64_t seed);

struct ConvProblem {
  Shape input;   ///< N, C, spatial...
  Shape kernel;  ///< output channels, spatial...
  std::int64_t stride = 1, pad = 0, dilation = 1, groups = 1;
};

/// output = one convolution, with weights made from the seed. Throws BadInput when the shapes do
/// not fit.
Network convNetwork(const ConvProblem& problem, std::uint64_t seed);

}  // namespace npusim::tools
