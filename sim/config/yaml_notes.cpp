#include "sim/config/yaml_notes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/core/suggest.h"

namespace npusim {
namespace {

constexpr std::array<std::string_view, 4> kNotes = {"source", "assumed", "scaled", "fitted"};

bool isNote(const YamlNode& node) {
  return std::find(kNotes.begin(), kNotes.end(), node.key) != kNotes.end();
}

void takeNote(const YamlNode& note, YamlNode& node, const std::string& path) {
  if (note.kind != YamlNode::Kind::Scalar || note.text.empty()) {
    failAt(note.where, path, "must be a text that says where the figures come from");
  }
  if (!node.note.empty()) {
    failAt(note.keyWhere, path, "a second note, keep one of source, assumed, scaled and fitted");
  }
  node.note = note.text;
}

/// {value: X, source: "..."} becomes X with a note.
void unwrapValue(YamlNode& node, const std::string& path) {
  for (const YamlNode& child : node.children) {
    if (child.key == "value") continue;
    failAt(child.keyWhere, pathBelow(path, child.key),
           "unknown key" + didYouMean(child.key, {kNotes.begin(), kNotes.end()}) +
               ", beside 'value' only source, assumed, scaled or fitted may stand");
  }
  YamlNode value = std::move(node.children.front());
  value.key = std::move(node.key);
  value.keyWhere = std::move(node.keyWhere);
  if (value.note.empty()) value.note = std::move(node.note);
  node = std::move(value);
}

void takeNotes(YamlNode& node, const std::string& path) {
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    YamlNode& child = node.children[i];
    const bool inList = node.kind == YamlNode::Kind::List;
    const std::string childPath = inList ? pathBelow(path, i) : pathBelow(path, child.key);
    takeNotes(child, childPath);
    if (!inList && isNote(child)) takeNote(child, node, childPath);
  }
  if (node.kind != YamlNode::Kind::Map) return;
  std::erase_if(node.children, isNote);
  if (node.find("value") != nullptr) unwrapValue(node, path);
}

}  // namespace

YamlNode parseNotedYaml(const std::string& text, const std::string& fileName) {
  YamlNode root = parseYaml(text, fileName);
  takeNotes(root, "");
  return root;
}

}  // namespace npusim
