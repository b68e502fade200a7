#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/config/yaml_section.h"

namespace npusim {

/// Writes a struct through its `fields` as the tree that YamlSection reads back.
class YamlWriter {
 public:
  YamlWriter() { map_.kind = YamlNode::Kind::Map; }

  template <typename Rule>
  void optional(const std::string& key, const typename Rule::Value& field, const Rule& rule) {
    add(key, rule.write(field));
  }
  template <typename Rule>
  void required(const std::string& key, const typename Rule::Value& field, const Rule& rule) {
    optional(key, field, rule);
  }
  template <typename Struct>
  void section(const std::string& key, Struct& fieldsOf) {
    add(key, written(fieldsOf));
  }
  template <typename Struct>
  void list(const std::string& key, std::vector<Struct>& all) {
    add(key, writtenList(all, 0));
  }
  template <typename Struct>
  void firstAndRest(const std::string& first, const std::string& rest, std::vector<Struct>& all,
                    bool /*mayBeNone*/) {
    add(first, all.empty() ? scalarNode("none") : written(all.front()));
    if (all.size() > 1) add(rest, writtenList(all, 1));
  }
  template <typename Rule>
  void byFormat(const std::string& key, const std::map<DataType, double>& numbers,
                const Rule& rule) {
    YamlWriter inner;
    for (const auto& [word, format] : formatWords()) {
      const auto found = numbers.find(format);
      if (found != numbers.end()) inner.optional(std::string(word), found->second, rule);
    }
    add(key, inner.map_);
  }
  void neverRead(const std::string& /*key*/, const std::string& /*cause*/,
                 const std::string& /*reason*/, const std::string& /*remedy*/ = "") {}

  const YamlNode& map() const { return map_; }

 private:
  void add(const std::string& key, YamlNode node) {
    node.key = key;
    map_.children.push_back(std::move(node));
  }
  template <typename Struct>
  static YamlNode written(Struct& fieldsOf) {
    YamlWriter inner;
    fields(inner, fieldsOf);
    return inner.map_;
  }
  template <typename Struct>
  static YamlNode writtenList(std::vector<Struct>& all, std::size_t from) {
    YamlNode list;
    list.kind = YamlNode::Kind::List;
    for (std::size_t i = from; i < all.size(); ++i) list.children.push_back(written(all[i]));
    return list;
  }

  YamlNode map_;
};

}  // namespace npusim
