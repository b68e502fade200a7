#pragma once

#include <string>

#include "sim/core/yaml_tree.h"

namespace npusim {

/// Lays a chip file on the file or preset that its `base` names, and that on its own base.
void resolveBase(YamlNode& chip);

/// Puts the figures of each memory's preset under its own keys and works out its capacity. A chip
/// that toYaml() wrote says `resolved: true`: all figures are there, a preset is only a name.
void resolveMemories(YamlNode& chip);

/// The same for one memory written at `path`.
void resolveMemory(YamlNode& memory, const std::string& path);

}  // namespace npusim
