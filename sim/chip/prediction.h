#pragma once

#include <cstdint>

#include "sim/chip/machine.h"
#include "sim/chip/npu.h"

namespace npusim {

/// The books of one finished prediction as results. `cycles`: its last cycle; `fillCycles`:
/// those in which nothing streamed because a tile filled or drained the array. Each cycle is
/// charged to the oldest layer that has not finished, and idle cycles of the array to the layer
/// that they are charged to. Throws InternalError when something was lost or gained.
Npu::Prediction summarize(const Machine& machine, std::int64_t cycles, std::int64_t fillCycles);

}  // namespace npusim
