#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/core/error.h"

namespace npusim {

/// A YAML document as our own tree: every node knows where it was written, so messages point at the
/// right place after files were merged, options applied and aliases followed.
struct YamlNode {
  enum class Kind { Null, Scalar, List, Map };

  Kind kind = Kind::Null;
  std::string key;          ///< of this node in the map around it
  SourceLocation keyWhere;  ///< of that key
  std::string text;         ///< of a scalar
  bool quoted = false;      ///< a scalar written in quotes is text, never a number
  SourceLocation where;     ///< of the value; of the key where there is none
  std::string note;         ///< where the figures come from (sim/config/yaml_notes.h)
  std::vector<YamlNode> children;

  /// The child of a map under `name`, or null.
  const YamlNode* find(std::string_view name) const;
  YamlNode* find(std::string_view name);
};

/// Reads one YAML document whose root is a map. Throws BadInput with file:line:column for syntax
/// errors, repeated keys, several documents, and nesting or size beyond any sensible file.
YamlNode parseYaml(const std::string& text, const std::string& fileName);

/// The path of a map's key, "array.rows".
std::string pathBelow(const std::string& path, const std::string& key);
/// The path of a list's entry, counted from 1: "memories.1".
std::string pathBelow(const std::string& path, std::size_t index);

/// The text with control characters, such as line ends in a quoted key, shown as '?'.
std::string oneLine(std::string text);

/// Throws BadInput "where: path: message", on one line whatever the file holds.
[[noreturn]] void failAt(const SourceLocation& where, const std::string& path,
                         const std::string& message);

}  // namespace npusim
