#pragma once

#include <string>

#include "sim/core/yaml_tree.h"

namespace npusim {

/// Lays a file on the file or preset of `folder` that its `base` names, and that on its own base.
void resolveBase(YamlNode& file, const std::string& folder);

/// Puts the figures of each memory's preset under its own keys and works out its capacity. A chip
/// that toYaml() wrote says `resolved: true`: all figures are there, a preset is only a name.
void resolveMemories(YamlNode& chip);

/// The same for one memory written at `path`.
void resolveMemory(YamlNode& memory, const std::string& path);

}  // namespace npusim
