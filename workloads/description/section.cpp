#include "workloads/description/section.h"

#include <algorithm>

#include "sim/core/yaml_rules.h"

namespace npusim {

Field::Field(std::string path, const YamlNode& node, const Parameters& parameters)
    : path_(std::move(path)), node_(&node), parameters_(&parameters) {
  if (!isText() || node.quoted || !node.text.starts_with('$')) return;
  const auto found = parameters.find(node.text.substr(1));
  if (found == parameters.end()) {
    fail("no parameter " + node.text + " here; list it under the block's 'parameters'");
  }
  node_ = found->second;
}

std::int64_t Field::integer(std::int64_t least) const { return Whole{least}.read(*node_, path_); }

double Field::number() const { return Number{}.read(*node_, path_); }

bool Field::flag() const { return Flag{}.read(*node_, path_); }

std::string Field::text() const { return Text{}.read(*node_, path_); }

std::vector<Field> Field::items() const {
  if (node_->kind != YamlNode::Kind::List) failRule(*node_, path_, "a list");
  std::vector<Field> fields;
  for (std::size_t i = 0; i < node_->children.size(); ++i) {
    fields.emplace_back(pathBelow(path_, i), node_->children[i], *parameters_);
  }
  return fields;
}

std::vector<std::int64_t> Field::integers(std::int64_t least) const {
  if (isText()) return {integer(least)};
  std::vector<std::int64_t> values;
  for (const Field& item : items()) values.push_back(item.integer(least));
  return values;
}

std::vector<std::string> Field::texts() const {
  if (isText()) return {text()};
  std::vector<std::string> values;
  for (const Field& item : items()) values.push_back(item.text());
  return values;
}

Section Field::section() const {
  if (node_->kind != YamlNode::Kind::Map) {
    failRule(*node_, path_, "a section of 'key: value' lines");
  }
  return Section(*this);
}

Section::Section(Field place) : place_(std::move(place)) {
  for (const YamlNode& child : place_.node().children) {
    if (child.kind != YamlNode::Kind::Null) continue;
    failAt(child.keyWhere, pathBelow(place_.path(), child.key),
           "is empty, give a value or leave the key out");
  }
}

std::optional<Field> Section::optional(const std::string& key) {
  asked_.push_back(key);
  const YamlNode* node = place_.node().find(key);
  if (node == nullptr) return std::nullopt;
  return place_.child(*node);
}

Field Section::required(const std::string& key) {
  const std::optional<Field> field = optional(key);
  if (!field) place_.fail("key '" + key + "' is missing");
  return *field;
}

std::int64_t Section::integer(const std::string& key, std::int64_t least, std::int64_t otherwise) {
  const std::optional<Field> field = optional(key);
  return field ? field->integer(least) : otherwise;
}

double Section::number(const std::string& key, double otherwise) {
  const std::optional<Field> field = optional(key);
  return field ? field->number() : otherwise;
}

bool Section::flag(const std::string& key, bool otherwise) {
  const std::optional<Field> field = optional(key);
  return field ? field->flag() : otherwise;
}

double Section::share(const std::string& key) {
  const std::optional<Field> field = optional(key);
  if (!field) return 0;
  const double share = field->number();
  if (share < 0 || share > 1) field->fail("must be from 0 to 1");
  return share;
}

std::vector<std::pair<std::string, Field>> Section::entries() {
  std::vector<std::pair<std::string, Field>> all;
  for (const YamlNode& child : place_.node().children) {
    asked_.push_back(child.key);
    all.emplace_back(child.key, place_.child(child));
  }
  return all;
}

void Section::finish() const {
  for (const YamlNode& child : place_.node().children) {
    if (std::find(asked_.begin(), asked_.end(), child.key) != asked_.end()) continue;
    failUnknownKey(child, place_.path(), asked_);
  }
}

}  // namespace npusim
