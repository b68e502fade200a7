#include "sim/core/yaml_tree.h"

#include <algorithm>
#include <utility>

namespace npusim {

const YamlNode* YamlNode::find(std::string_view name) const {
  if (kind != Kind::Map) return nullptr;
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const YamlNode& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

YamlNode* YamlNode::find(std::string_view name) {
  return const_cast<YamlNode*>(std::as_const(*this).find(name));
}

std::string pathBelow(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

std::string pathBelow(const std::string& path, std::size_t index) {
  return pathBelow(path, std::to_string(index + 1));
}

std::string oneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  return text;
}

void failAt(const SourceLocation& where, const std::string& path, const std::string& message) {
  throw BadInput(where, oneLine(path.empty() ? message : path + ": " + message));
}

}  // namespace npusim
