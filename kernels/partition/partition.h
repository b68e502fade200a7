#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernels/plan/plan.h"
#include "kernels/plan/storage_map.h"
#include "sim/config/chip_config.h"

namespace npusim {

/// How a network is cut for several cores: the option --partition.
enum class Partition : std::uint8_t {
  Auto,      ///< every task by what costs least
  Channel,   ///< output channels
  Row,       ///< output rows
  Batch,     ///< images of the batch
  Pipeline,  ///< groups of cores take groups of layers; images of the batch follow one another
};
std::string_view name(Partition partition);

namespace partition {

/// Deals every task of the plan to the chip's cores: splits the dimensions that are dealt off
/// (plan::Dimension::digit) and sets Task::cores. A product over input channels that is dealt
/// along them becomes partial products and a sum in the order of cores. One core: nothing to do.
/// Returns a line for the user where layers could not follow `partition`: how many, and which;
/// empty where all did.
std::string deal(plan::Plan& plan, const plan::StorageMap& storages, const ChipConfig& chip,
                 Partition partition);

}  // namespace partition
}  // namespace npusim
