#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/error.h"

namespace npusim {

class Section;

/// Values of a block's parameters; a scalar `$name` stands for one of them.
using Parameters = std::map<std::string, YAML::Node>;

/// One YAML node with the place it came from. Its readers throw BadInput
/// "file:line:column: path: what is wrong, what would be right".
class Field {
 public:
  /// `node` of `file`; a scalar `$name` is replaced by the parameter's node.
  Field(const std::string& file, std::string path, const YAML::Node& node,
        const Parameters& parameters);
  Field(const Field&) = default;
  Field& operator=(const Field&) = delete;  // assigning a YAML::Node would change the file's tree

  [[noreturn]] void fail(const std::string& line) const;

  std::int64_t integer(std::int64_t least) const;
  double number() const;
  bool flag() const;
  std::string text() const;
  std::vector<Field> items() const;
  /// One integer or a list of them.
  std::vector<std::int64_t> integers(std::int64_t least) const;
  /// One text or a list of them.
  std::vector<std::string> texts() const;
  Section section() const;
  /// The same place under another set of parameters (the body of a block).
  Field with(const Parameters& parameters) const;
  /// A mapping without keys at this place.
  Field emptyMapping() const;
  Field child(const std::string& key, const YAML::Node& node) const;

  bool isText() const { return node_.IsScalar(); }
  const SourceLocation& where() const { return where_; }
  const std::string& path() const { return path_; }
  const YAML::Node& node() const { return node_; }

 private:
  SourceLocation where_;
  std::string path_;
  YAML::Node node_;
  const Parameters* parameters_;
};

/// A mapping, read strictly: a repeated key fails at once, an unread one in finish().
class Section {
 public:
  explicit Section(const Field& mapping);

  Field required(const std::string& key);
  std::optional<Field> optional(const std::string& key);
  /// Fails at the first key that was never asked for, listing those that were.
  void finish() const;

  std::int64_t integer(const std::string& key, std::int64_t least, std::int64_t otherwise);
  double number(const std::string& key, double otherwise);
  bool flag(const std::string& key, bool otherwise);

  /// Keys in the order of the file, with their values; all count as read.
  std::vector<std::pair<std::string, Field>> entries();
  const Field& place() const { return place_; }

 private:
  Field place_;
  std::vector<std::pair<std::string, Field>> entries_;
  std::vector<std::string> asked_;
};

/// Parses the text of a whole file. Throws BadInput for what is not YAML or not a mapping.
Field parseDocument(const std::string& text, const std::string& file);

}  // namespace npusim
