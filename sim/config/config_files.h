#pragma once

#include <string>

#include "sim/config/yaml_tree.h"

namespace npusim {

/// A configuration file is named in one of two ways. Without '/' and not ending in .yaml or .yml it
/// is the preset configs/<kind>/<name>.yaml; anything else is a file, sought from the folder of the
/// file `from` that mentions it (given on the command line: from the working directory).
///
/// The tree of a configuration file. Throws BadInput when there is none.
bool isPresetName(const std::string& fileOrName);
std::string pathBeside(const std::string& file, const SourceLocation& from);
YamlNode readConfigFile(const std::string& kind, const std::string& fileOrName,
                        const SourceLocation& from = {});

}  // namespace npusim
