#pragma once

#include <cstdint>

#include "sim/chip/fabric.h"
#include "sim/chip/npu.h"

namespace npusim {

/// The books of one finished prediction as results. `cycles`: its last cycle. Counters are those of
/// all cores. Each cycle is charged to a layer as chargeLayers() says, and the idle cycles of a
/// core's array to the layer that they are charged to; idle cycles and shares of time are means
/// over the cores. Throws InternalError when something was lost or gained.
Npu::Prediction summarize(const Fabric& fabric, std::int64_t cycles);

}  // namespace npusim
