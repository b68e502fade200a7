#pragma once

#include <cstdint>
#include <vector>

#include "sim/isa/program.h"

namespace npusim {

/// How much of each storage a program uses: up to its highest address, at most the capacity. What
/// lies in a distributed storage counts at the buffer that holds a core's share of it.
std::vector<std::int64_t> usedBytes(const isa::Program& program);

}  // namespace npusim
