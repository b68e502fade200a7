#pragma once

#include <string>

#include "sim/core/yaml_tree.h"

namespace npusim {

/// Reads a configuration file: parseYaml(), and then every note taken out of the tree.
///
/// Any value may be written {value: X, source: "..."}, and any map may hold such a note for all of
/// it. Notes say where figures come from, end in YamlNode::note and never reach a configuration:
///   source   published or measured there      assumed  nobody published it; why this value
///   scaled   computed from a source; how      fitted   fitted to which rows
YamlNode parseNotedYaml(const std::string& text, const std::string& fileName);

}  // namespace npusim
