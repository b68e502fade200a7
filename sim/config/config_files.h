#pragma once

#include <string>

#include "sim/core/yaml_tree.h"

namespace npusim {

/// True for a name without '/' that does not end in .yaml or .yml: it means the preset
/// configs/<kind>/<name>.yaml. Anything else is a file.
bool isPresetName(const std::string& fileOrName);

/// The path of `file` as mentioned at `from`: beside the file that mentions it, or, on the command
/// line (line 0), from the working directory.
std::string pathBeside(const std::string& file, const SourceLocation& from);

/// The tree of a preset or file mentioned at `from`. Throws BadInput when it cannot be read.
YamlNode readConfigFile(const std::string& kind, const std::string& fileOrName,
                        const SourceLocation& from = {});

}  // namespace npusim
