#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/core/data_type.h"
#include "sim/core/yaml_rules.h"
#include "sim/core/yaml_tree.h"

namespace npusim {

/// Formats that the array can compute, by their names in files.
std::span<const std::pair<std::string_view, DataType>> formatWords();

/// Reads one map of a file, each key once; whatever is left over at finish() is an error. Fields
/// keep their initial value, the stated default, when an optional key is absent.
///
/// A struct describes its keys once, in a template `fields(visit, struct)` that calls the methods
/// below on `visit`; YamlSection reads through it and YamlWriter (yaml_writer.h) writes through it.
class YamlSection {
 public:
  /// `node` must outlive the section. Throws BadInput unless it is a map.
  YamlSection(const YamlNode& node, std::string path);

  template <typename Rule>
  void optional(const std::string& key, typename Rule::Value& field, const Rule& rule) {
    if (const YamlNode* node = take(key)) field = rule.read(*node, pathOf(key));
  }

  /// A missing key is reported by finish(), after unknown ones: a misspelt key is the likelier
  /// cause.
  template <typename Rule>
  void required(const std::string& key, typename Rule::Value& field, const Rule& rule) {
    optional(key, field, rule);
    if (node_.find(key) == nullptr) noteMissing(key, rule.describe());
  }

  /// A section of its own; absent, it has no keys, so its fields keep their defaults.
  template <typename Struct>
  void section(const std::string& key, Struct& fieldsOf) {
    const YamlNode* node = take(key);
    YamlSection inner(node != nullptr ? *node : emptyMap(), pathOf(key));
    fields(inner, fieldsOf);
    inner.finish();
  }

  /// A list of sections, replacing `all`.
  template <typename Struct>
  void list(const std::string& key, std::vector<Struct>& all) {
    const YamlNode* node = take(key);
    if (node == nullptr) return;
    all.clear();
    appendList(*node, key, all);
  }

  /// The first entry under `first`, further ones in the list `rest`. With `mayBeNone` the first
  /// may be the word none.
  template <typename Struct>
  void firstAndRest(const std::string& first, const std::string& rest, std::vector<Struct>& all,
                    bool mayBeNone) {
    all.clear();
    const YamlNode* node = take(first);
    if (node == nullptr) noteMissing(first, mayBeNone ? "a section or none" : "a section");
    const bool none = mayBeNone && node != nullptr && node->text == "none";
    if (node != nullptr && !none) append(*node, pathOf(first), all);
    const YamlNode* list = take(rest);
    if (list == nullptr) return;
    if (none)
      failAt(list->keyWhere, pathOf(rest), "stands beside '" + first + ": none', must be left out");
    appendList(*list, rest, all);
  }

  /// A section of numbers by number format.
  template <typename Rule>
  void byFormat(const std::string& key, std::map<DataType, double>& numbers, const Rule& rule) {
    numbers.clear();
    const YamlNode* node = take(key);
    if (node == nullptr) return noteMissing(key, "a section of numbers by format");
    YamlSection inner(*node, pathOf(key));
    for (const auto& [word, format] : formatWords()) {
      double number = 0;
      inner.optional(std::string(word), number, rule);
      if (node->find(word) != nullptr) numbers[format] = number;
    }
    inner.finish();
  }

  /// States that `key` is never read because of what `cause` says. It is an error in an
  /// option and where the same person wrote both, and passed over where one of them is inherited.
  void neverRead(const std::string& key, const std::string& cause, const std::string& reason,
                 const std::string& remedy = "leave it out");

  /// Throws BadInput for the first key that nothing read, else for the first missing one.
  void finish() const;

  const YamlNode& node() const { return node_; }
  std::string pathOf(const std::string& key) const { return pathBelow(path_, key); }

 private:
  const YamlNode* take(const std::string& key);
  void noteMissing(const std::string& key, const std::string& must);
  const YamlNode& emptyMap();

  template <typename Struct>
  static void append(const YamlNode& node, const std::string& path, std::vector<Struct>& all) {
    YamlSection inner(node, path);
    fields(inner, all.emplace_back());
    inner.finish();
  }

  template <typename Struct>
  void appendList(const YamlNode& node, const std::string& key, std::vector<Struct>& all) {
    if (node.kind != YamlNode::Kind::List) failRule(node, pathOf(key), "a list of sections");
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      append(node.children[i], pathBelow(pathOf(key), i), all);
    }
  }

  const YamlNode& node_;
  YamlNode empty_;  ///< stands for absent sections
  std::string path_;
  std::vector<std::string> known_;
  std::string missing_;  ///< message for the first missing key
};

}  // namespace npusim
