#pragma once

#include "sim/config/chip_config.h"
#include "sim/core/yaml_tree.h"

namespace npusim {

/// What no single key can tell: that the parts of a chip fit each other. `tree` is the file, for
/// the place in messages. Rates of formats that the chip lacks are dropped. Throws BadInput, and
/// NotPossible for what is not supported yet.
void checkChip(ChipConfig& chip, const YamlNode& tree);

/// The same for one memory written at `path` of `tree`.
void checkMemory(const MemoryConfig& memory, const YamlNode& tree, const std::string& path);

}  // namespace npusim
