#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/core/suggest.h"
#include "sim/core/yaml_tree.h"

namespace npusim {

/// What one value in a file must be. Every rule has
///   Value                     the C++ type
///   read(node, path)          the value, or BadInput "where: path: is X, must be Y"
///   write(value)              the node that read() turns back into an equal value
///   describe()                the Y above

/// A whole number.
struct Whole {
  using Value = std::int64_t;
  Value low = 0;
  Value high = std::numeric_limits<Value>::max();  ///< by default any
  bool powerOfTwo = false;

  Value read(const YamlNode& node, const std::string& path) const;
  YamlNode write(Value value) const;
  std::string describe() const;
};

/// A finite number, ends included; by default any.
struct Number {
  using Value = double;
  Value low = std::numeric_limits<Value>::lowest();
  Value high = std::numeric_limits<Value>::max();

  Value read(const YamlNode& node, const std::string& path) const;
  YamlNode write(Value value) const;
  std::string describe() const;
};

/// A number at or above which whole steps count and below which whole parts do: 2, 1, 0.5, 0.25.
/// What is written with few digits, such as 0.333, becomes the exact part.
struct WholeOrPart {
  using Value = double;
  Value high = 0;

  Value read(const YamlNode& node, const std::string& path) const;
  YamlNode write(Value value) const;
  std::string describe() const;
};

/// A capacity written in a larger unit that comes to whole bytes.
struct Capacity {
  using Value = std::int64_t;
  Value unitBytes = 1;
  Value highBytes = 0;

  Value read(const YamlNode& node, const std::string& path) const;
  YamlNode write(Value value) const;
  std::string describe() const;
};

struct Flag {
  using Value = bool;
  Value read(const YamlNode& node, const std::string& path) const;
  YamlNode write(Value value) const;
  std::string describe() const { return "true or false"; }
};

/// One line of text.
struct Text {
  using Value = std::string;
  bool mayBeEmpty = false;

  Value read(const YamlNode& node, const std::string& path) const;
  YamlNode write(const Value& value) const;
  std::string describe() const { return "a text on one line"; }
};

YamlNode scalarNode(std::string text, bool quoted = false);

/// "is X, must be Y" for a value that breaks its rule; says what a list or a map is.
[[noreturn]] void failRule(const YamlNode& node, const std::string& path, const std::string& must);
/// The same with the word that was probably meant.
[[noreturn]] void failWord(const YamlNode& node, const std::string& path,
                           const std::vector<std::string>& words);

/// For a key that nobody reads, beside the keys that somebody does: which one was meant.
[[noreturn]] void failUnknownKey(const YamlNode& child, const std::string& path,
                                 const std::vector<std::string>& known);

/// One of a table of words.
template <typename T>
struct Word {
  using Value = T;
  std::span<const std::pair<std::string_view, T>> table;

  T read(const YamlNode& node, const std::string& path) const {
    for (const auto& [word, value] : table) {
      if (node.kind == YamlNode::Kind::Scalar && node.text == word) return value;
    }
    failWord(node, path, words());
  }
  YamlNode write(T value) const { return scalarNode(std::string(nameOf(value))); }
  std::string describe() const { return joinedChoices(words()); }
  std::string_view nameOf(T value) const {
    for (const auto& [word, entry] : table) {
      if (entry == value) return word;
    }
    throw InternalError("a value without a word in its table");
  }

 private:
  std::vector<std::string> words() const {
    std::vector<std::string> all;
    for (const auto& row : table) all.emplace_back(row.first);
    return all;
  }
};

/// A list without repetitions of at least one value.
template <typename Rule>
struct ListOf {
  using Value = std::vector<typename Rule::Value>;
  Rule rule;

  Value read(const YamlNode& node, const std::string& path) const {
    if (node.kind != YamlNode::Kind::List || node.children.empty()) {
      failRule(node, path, describe());
    }
    Value values;
    for (const YamlNode& item : node.children) {
      const auto value = rule.read(item, path);
      for (const auto& earlier : values) {
        if (earlier == value) failAt(item.where, path, "lists '" + item.text + "' twice, keep one");
      }
      values.push_back(value);
    }
    return values;
  }
  YamlNode write(const Value& values) const {
    YamlNode list;
    list.kind = YamlNode::Kind::List;
    for (const auto& value : values) list.children.push_back(rule.write(value));
    return list;
  }
  std::string describe() const { return "a list in brackets of " + rule.describe(); }
};

}  // namespace npusim
