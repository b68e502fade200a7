#pragma once

#include <string>

#include "sim/core/yaml_tree.h"

namespace npusim {

/// `over` laid on `base`: maps merge key by key, anything else replaces.
void mergeYaml(YamlNode& base, const YamlNode& over);

/// Applies `--set path=value`; the value is YAML. Missing sections on the way are made; an entry of
/// a list is named by its `name` or counted from 1. Throws BadInput beginning "--set path=value: ".
void setYaml(YamlNode& root, const std::string& path, const std::string& value);

/// True for a node that came from `--set`.
bool isFromOption(const YamlNode& node);

/// True when one person wrote both: the same file, or both on the command line.
bool writtenTogether(const YamlNode& a, const YamlNode& b);

/// YAML text of a tree: one line a key of the root, deeper levels in flow style; no notes.
std::string printYaml(const YamlNode& root);

}  // namespace npusim
