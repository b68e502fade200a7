#include "sim/config/yaml_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/config/yaml_merge.h"

namespace npusim {
namespace {

/// What an option wrote of `node`, or null.
const YamlNode* fromOption(const YamlNode& node) {
  if (isFromOption(node)) return &node;
  for (const YamlNode& child : node.children) {
    if (const YamlNode* found = fromOption(child)) return found;
  }
  return nullptr;
}

}  // namespace

std::span<const std::pair<std::string_view, DataType>> formatWords() {
  static constexpr std::array<std::pair<std::string_view, DataType>, 5> kWords = {{
      {"fp32", DataType::Float32},
      {"fp16", DataType::Float16},
      {"bf16", DataType::BFloat16},
      {"int16", DataType::Int16},
      {"int8", DataType::Int8},
  }};
  return kWords;
}

YamlSection::YamlSection(const YamlNode& node, std::string path)
    : node_(node), path_(std::move(path)) {
  if (node_.kind != YamlNode::Kind::Map) failRule(node_, path_, "a section of 'key: value' lines");
}

const YamlNode* YamlSection::take(const std::string& key) {
  known_.push_back(key);
  return node_.find(key);
}

const YamlNode& YamlSection::emptyMap() {
  empty_.kind = YamlNode::Kind::Map;
  empty_.where = node_.where;
  return empty_;
}

void YamlSection::noteMissing(const std::string& key, const std::string& must) {
  if (missing_.empty()) missing_ = fmt::format("{}: is missing, must be {}", pathOf(key), must);
}

void YamlSection::neverRead(const std::string& key, const std::string& cause,
                            const std::string& reason, const std::string& remedy) {
  const YamlNode* node = take(key);
  if (node == nullptr) return;
  const YamlNode* set = fromOption(*node);
  const YamlNode* because = node_.find(cause);
  if (set == nullptr && (because == nullptr || !writtenTogether(*node, *because))) return;
  failAt(set != nullptr ? set->where : node->keyWhere, pathOf(key),
         fmt::format("is never read, since {}; {}", reason, remedy));
}

void YamlSection::finish() const {
  for (const YamlNode& child : node_.children) {
    if (std::find(known_.begin(), known_.end(), child.key) != known_.end()) continue;
    failUnknownKey(child, path_, known_);
  }
  if (!missing_.empty()) throw BadInput(node_.where, missing_);
}

}  // namespace npusim
