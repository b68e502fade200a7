#pragma once

#include "kernels/plan/plan.h"
#include "kernels/plan/storage_map.h"
#include "sim/config/chip_config.h"

namespace npusim::partition {

/// Groups of cores, a power of two each, take groups of consecutive tasks of about the same work a
/// core. With several images (the first dimension of the inputs) each group repeats its tasks for
/// one after another; a single task has none to pass them on to and is left alone. Throws
/// NotPossible for a task that does not go image by image.
void makeStages(plan::Plan& plan, const ChipConfig& chip);

}  // namespace npusim::partition
