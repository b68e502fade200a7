#include "workloads/description/section.h"

#include <algorithm>
#include <cctype>

#include "sim/core/yaml_rules.h"
#include "workloads/description/expression.h"

namespace npusim {

namespace {

bool isName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
}

/// The whole number that an expression stands for, as a node in its place.
NodeRef evaluated(const std::string& path, const YamlNode& node, const Parameters& parameters) {
  const auto lookUp = [&](const std::string& name) {
    const auto found = parameters.find(name);
    if (found == parameters.end()) {
      throw BadInput("no parameter $" + name + " here; list it under 'parameters'");
    }
    return Whole{}.read(*found->second, path);
  };
  std::int64_t value = 0;
  try {
    value = evaluateExpression(node.text, lookUp);
  } catch (const BadInput& error) {
    failAt(node.where, path, error.what());
  }
  auto result = std::make_shared<YamlNode>(node);
  result->text = std::to_string(value);
  return result;
}

}  // namespace

Field::Field(std::string path, NodeRef node, const Parameters& parameters)
    : path_(std::move(path)), node_(std::move(node)), parameters_(&parameters) {
  if (!isText() || node_->quoted || node_->text.find('$') == std::string::npos) return;
  if (!node_->text.starts_with('$') || !isName(std::string_view(node_->text).substr(1))) {
    node_ = evaluated(path_, *node_, parameters);
    return;
  }
  const auto found = parameters.find(node_->text.substr(1));
  if (found == parameters.end()) {
    fail("no parameter " + node_->text + " here; list it under 'parameters'");
  }
  node_ = found->second;
}

NodeRef Field::resolved() const {
  if (node_->children.empty()) return node_;
  auto copy = std::make_shared<YamlNode>(*node_);
  for (YamlNode& child : copy->children) {
    const std::string key = child.key;
    child = *Field(path_, NodeRef(node_, &child), *parameters_).resolved();
    child.key = key;
  }
  return copy;
}

std::int64_t Field::integer(std::int64_t least) const { return Whole{least}.read(*node_, path_); }

double Field::number() const { return Number{}.read(*node_, path_); }

bool Field::flag() const { return Flag{}.read(*node_, path_); }

std::string Field::text() const { return Text{}.read(*node_, path_); }

std::vector<Field> Field::items() const {
  if (node_->kind != YamlNode::Kind::List) failRule(*node_, path_, "a list");
  std::vector<Field> fields;
  for (std::size_t i = 0; i < node_->children.size(); ++i) {
    fields.emplace_back(pathBelow(path_, i), NodeRef(node_, &node_->children[i]), *parameters_);
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
