#pragma once

#include "sim/chip/fabric.h"
#include "sim/chip/npu.h"

namespace npusim {

/// Throws InternalError unless, in one prediction: DMA delivered every byte it took, memories moved
/// every burst they were asked for and links every byte that was sent, each layer did the MACs of
/// its shape, the layers' cycles and stalls sum to the total, no counter is negative, and the
/// shares of the array's time sum to 1.
void checkConservation(const Fabric& fabric, const Npu::Prediction& prediction);

}  // namespace npusim
