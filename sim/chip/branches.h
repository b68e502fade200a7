#pragma once

#include <cstdint>
#include <vector>

#include "sim/isa/program.h"

namespace npusim {

/// For every layer how often the innermost condition around it decides whether it runs: once for
/// every pass of the loops around that. 0 for layers that always run.
std::vector<std::int64_t> decisionsByLayer(const isa::Program& program);

}  // namespace npusim
