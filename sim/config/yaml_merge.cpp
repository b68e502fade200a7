#include "sim/config/yaml_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "sim/config/yaml_notes.h"

namespace npusim {
namespace {

constexpr std::string_view kOption = "--set ";

/// Gives a whole tree the location of the option it came from.
void relocate(YamlNode& node, const SourceLocation& where) {
  node.where = where;
  node.keyWhere = where;
  for (YamlNode& child : node.children) relocate(child, where);
}

/// The entry of a list that `part` of an option's path names.
YamlNode& listEntry(YamlNode& list, const std::string& part, const SourceLocation& option) {
  for (YamlNode& entry : list.children) {
    const YamlNode* name = entry.find("name");
    if (name != nullptr && name->text == part) return entry;
  }
  std::size_t number = 0;
  const auto end = part.data() + part.size();
  const auto parsed = std::from_chars(part.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < 1 ||
      number > list.children.size()) {
    failAt(option, "",
           fmt::format("'{}' has no entry '{}', name one or count from 1 to {}", list.key, part,
                       list.children.size()));
  }
  return list.children[number - 1];
}

YamlNode& mapEntry(YamlNode& map, const std::string& part, const SourceLocation& option) {
  if (map.kind == YamlNode::Kind::Null) map.kind = YamlNode::Kind::Map;
  if (map.kind != YamlNode::Kind::Map) {
    failAt(option, "",
           fmt::format("'{}' is '{}', not a section with a key '{}'", map.key, map.text, part));
  }
  if (YamlNode* child = map.find(part)) return *child;
  YamlNode& made = map.children.emplace_back();
  made.key = part;
  made.keyWhere = made.where = option;
  return made;
}

/// Splits a path at its dots.
std::vector<std::string> pathParts(const std::string& path, const SourceLocation& option) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    parts.push_back(path.substr(begin, dot - begin));
    if (parts.back().empty()) {
      failAt(option, "", "a part of the key is empty, write key.path=value");
    }
    begin = dot + 1;
  }
  return parts;
}

/// The value of an option as a tree: YAML, so lists and maps may be given in flow style.
YamlNode optionValue(const std::string& value, const SourceLocation& option) {
  YamlNode wrapped;
  try {
    wrapped = parseNotedYaml("option: " + value, "");
  } catch (const BadInput&) {
    wrapped.children.clear();
  }
  if (wrapped.children.size() != 1) {
    failAt(option, "", "the value is not valid YAML, write a word, a number or [a, list]");
  }
  YamlNode node = std::move(wrapped.children.front());
  relocate(node, option);
  return node;
}

std::string quotedText(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string flow(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::Null) return "~";
  if (node.kind == YamlNode::Kind::Scalar) return node.quoted ? quotedText(node.text) : node.text;
  const bool isMap = node.kind == YamlNode::Kind::Map;
  std::string out;
  for (const YamlNode& child : node.children) {
    if (!out.empty()) out += ", ";
    out += isMap ? child.key + ": " + flow(child) : flow(child);
  }
  return isMap ? "{" + out + "}" : "[" + out + "]";
}

}  // namespace

void mergeYaml(YamlNode& base, const YamlNode& over) {
  if (base.kind != YamlNode::Kind::Map || over.kind != YamlNode::Kind::Map) {
    base = over;
    return;
  }
  for (const YamlNode& child : over.children) {
    if (YamlNode* below = base.find(child.key)) {
      mergeYaml(*below, child);
    } else {
      base.children.push_back(child);
    }
  }
  base.where = over.where;
}

void setYaml(YamlNode& root, const std::string& path, const std::string& value) {
  const SourceLocation option{oneLine(fmt::format("{}{}={}", kOption, path, value))};
  YamlNode* node = &root;
  for (const std::string& part : pathParts(path, option)) {
    node = node->kind == YamlNode::Kind::List ? &listEntry(*node, part, option)
                                              : &mapEntry(*node, part, option);
  }
  if (isFromOption(*node) && node->kind != YamlNode::Kind::Null) {
    failAt(option, "", fmt::format("'{}' is set twice, keep one", path));
  }
  YamlNode given = optionValue(value, option);
  given.key = node->key;
  mergeYaml(*node, given);
}

bool isFromOption(const YamlNode& node) { return node.where.file.starts_with(kOption); }

bool writtenTogether(const YamlNode& a, const YamlNode& b) {
  return a.where.file == b.where.file || (isFromOption(a) && isFromOption(b));
}

std::string printYaml(const YamlNode& root) {
  std::string out;
  for (const YamlNode& child : root.children) out += child.key + ": " + flow(child) + "\n";
  return out;
}

}  // namespace npusim
