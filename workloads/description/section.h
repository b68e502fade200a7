#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/yaml_tree.h"

namespace npusim {

class Section;

/// A node of a description's file, or what an expression gave in its place.
using NodeRef = std::shared_ptr<const YamlNode>;

/// Values of parameters; `$name` stands for one of them, and text with several or with arithmetic
/// for a whole number (expression.h).
using Parameters = std::map<std::string, NodeRef>;

/// One node of a description with its path; the file's tree must outlive it. Its readers throw
/// BadInput "file:line:column: path: what is wrong, what would be right".
class Field {
 public:
  /// Text with `$` in it is replaced by what it stands for.
  Field(std::string path, NodeRef node, const Parameters& parameters);
  /// Of a node that the file's tree holds.
  Field(std::string path, const YamlNode& node, const Parameters& parameters)
      : Field(std::move(path), NodeRef(NodeRef(), &node), parameters) {}

  [[noreturn]] void fail(const std::string& line) const { failAt(where(), path_, line); }

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
  Field with(const Parameters& parameters) const { return {path_, node_, parameters}; }
  Field child(const YamlNode& node) const {
    return {pathBelow(path_, node.key), NodeRef(node_, &node), *parameters_};
  }
  /// The node with all that `$` stands for put in, to be read under other parameters.
  NodeRef resolved() const;

  bool isMap() const { return node_->kind == YamlNode::Kind::Map; }
  bool isText() const { return node_->kind == YamlNode::Kind::Scalar; }
  const SourceLocation& where() const { return node_->where; }
  const std::string& path() const { return path_; }
  const YamlNode& node() const { return *node_; }

 private:
  std::string path_;
  NodeRef node_;
  const Parameters* parameters_;
};

/// A map, read strictly: a key without a value fails at once, an unread one in finish().
class Section {
 public:
  /// `place` is a map, or a text, which has no keys.
  explicit Section(Field place);

  Field required(const std::string& key);
  std::optional<Field> optional(const std::string& key);
  /// Fails at the first key that was never asked for, with the one that was probably meant.
  void finish() const;

  std::int64_t integer(const std::string& key, std::int64_t least, std::int64_t otherwise);
  double number(const std::string& key, double otherwise);
  bool flag(const std::string& key, bool otherwise);
  /// A number from 0 to 1, 0 where it is not given.
  double share(const std::string& key);

  /// Keys in the order of the file, with their values; all count as read.
  std::vector<std::pair<std::string, Field>> entries();
  const Field& place() const { return place_; }

 private:
  Field place_;
  std::vector<std::string> asked_;
};

}  // namespace npusim
