#pragma once

#include "sim/config/reference_config.h"

namespace npusim {

/// The format in which `machine` computes a network asked for in `asked`: that format if the
/// machine has it, else the narrowest one it has that holds every value of `asked` (int8 widens to
/// int16 or fp16, everything to fp32). Throws BadInput when the machine has none.
DataType precisionUsed(const ReferenceConfig& machine, DataType asked);

}  // namespace npusim
