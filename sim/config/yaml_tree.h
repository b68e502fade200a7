#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/core/error.h"

namespace npusim {

/// A YAML document as our own tree: every node knows where it was written, so files can be merged
/// and options applied while messages still point at the right place.
///
/// Any value may be written {value: X, source: "..."}, and any map may hold such a note for all of
/// it. Notes say where figures come from and never reach a configuration:
///   source   published or measured there      assumed  nobody published it; why this value
///   scaled   computed from a source; how      fitted   fitted to which rows
struct YamlNode {
  enum class Kind { Null, Scalar, List, Map };

  Kind kind = Kind::Null;
  std::string key;          ///< of this node in the map around it
  SourceLocation keyWhere;  ///< of that key
  std::string text;         ///< of a scalar
  bool quoted = false;      ///< a scalar written in quotes is text, never a number
  SourceLocation where;     ///< of the value; for an option, file is "--set key=value", line 0
  std::string note;         ///< text of source, assumed, scaled or fitted
  std::vector<YamlNode> children;

  /// The child of a map under `name`, or null.
  const YamlNode* find(std::string_view name) const;
  YamlNode* find(std::string_view name);
};

/// Reads one YAML document whose root is a map. Throws BadInput with file:line:column for syntax
/// errors, repeated keys, several documents, and nesting or size beyond any sensible file.
YamlNode parseYaml(const std::string& text, const std::string& fileName);

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

/// The text with control characters, such as line ends in a quoted key, shown as '?'.
std::string oneLine(std::string text);

/// Throws BadInput "where: path: message", on one line whatever the file holds.
[[noreturn]] void failAt(const SourceLocation& where, const std::string& path,
                         const std::string& message);

}  // namespace npusim
