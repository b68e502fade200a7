#pragma once

#include "sim/config/chip_config.h"

namespace npusim {

/// Gives the memory of the kind Host, if there is one, the figures of the chip's host link.
void linkHostMemory(ChipConfig& chip);

/// The chip with the host's memory behind its own memories: weights that find no room there are
/// streamed over the host link in every prediction. Cores without a memory for weights keep those
/// that fit. A chip that has the host's memory already stays as it is.
ChipConfig withHostMemory(ChipConfig chip);

}  // namespace npusim
