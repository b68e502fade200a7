#include "workloads/description/section.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace npusim {
namespace {

/// An empty set that outlives every Field of a file's top level.
const Parameters& noParameters() {
  static const Parameters none;
  return none;
}

SourceLocation locate(const std::string& file, const YAML::Mark& mark) {
  if (mark.is_null()) return {file, 0, 0};
  return {file, mark.line + 1, mark.column + 1};
}

/// A key itself, for errors about it: at its own place, with the mapping's path.
Field keyField(const Field& mapping, const YAML::Node& key) {
  return {mapping.where().file, mapping.path(), key, noParameters()};
}

std::string shown(const YAML::Node& node) {
  if (node.IsScalar()) return "'" + node.Scalar() + "'";
  if (node.IsSequence()) return "a list";
  return node.IsMap() ? "a mapping" : "nothing";
}

}  // namespace

Field::Field(const std::string& file, std::string path, const YAML::Node& node,
             const Parameters& parameters)
    : where_(locate(file, node.Mark())),
      path_(std::move(path)),
      node_(node),
      parameters_(&parameters) {
  if (!node_.IsScalar() || !node_.Scalar().starts_with('$')) return;
  const auto found = parameters.find(node_.Scalar().substr(1));
  if (found == parameters.end()) {
    fail("no parameter " + node_.Scalar() + " here; list it under the block's 'parameters'");
  }
  node_.reset(found->second);
  where_ = locate(file, node_.Mark());
}

void Field::fail(const std::string& line) const {
  throw BadInput(where_, path_.empty() ? line : path_ + ": " + line);
}

std::int64_t Field::integer(std::int64_t least) const {
  std::int64_t value = 0;
  const bool whole = node_.IsScalar() && YAML::convert<std::int64_t>::decode(node_, value);
  if (!whole || value < least) {
    fail(fmt::format("{} is not a whole number of at least {}", shown(node_), least));
  }
  return value;
}

double Field::number() const {
  double value = 0;
  const bool number = node_.IsScalar() && YAML::convert<double>::decode(node_, value);
  if (!number || !std::isfinite(value)) fail(shown(node_) + " is not a number");
  return value;
}

bool Field::flag() const {
  const std::string value = node_.IsScalar() ? node_.Scalar() : "";
  if (value != "true" && value != "false") fail(shown(node_) + " is neither true nor false");
  return value == "true";
}

std::string Field::text() const {
  if (!node_.IsScalar() || node_.Scalar().empty()) fail(shown(node_) + " is not a text");
  return node_.Scalar();
}

std::vector<Field> Field::items() const {
  if (!node_.IsSequence()) fail(shown(node_) + " is not a list");
  std::vector<Field> fields;
  for (std::size_t i = 0; i < node_.size(); ++i) {
    fields.emplace_back(where_.file, fmt::format("{}[{}]", path_, i), node_[i], *parameters_);
  }
  return fields;
}

std::vector<std::int64_t> Field::integers(std::int64_t least) const {
  if (node_.IsScalar()) return {integer(least)};
  std::vector<std::int64_t> values;
  for (const Field& item : items()) values.push_back(item.integer(least));
  return values;
}

std::vector<std::string> Field::texts() const {
  if (node_.IsScalar()) return {text()};
  std::vector<std::string> values;
  for (const Field& item : items()) values.push_back(item.text());
  return values;
}

Section Field::section() const { return Section(*this); }

Field Field::with(const Parameters& parameters) const {
  return {where_.file, path_, node_, parameters};
}

Field Field::emptyMapping() const {
  Field empty(where_.file, path_, YAML::Node(YAML::NodeType::Map), noParameters());
  empty.where_ = where_;
  return empty;
}

Field Field::child(const std::string& key, const YAML::Node& node) const {
  return {where_.file, path_.empty() ? key : path_ + "." + key, node, *parameters_};
}

Section::Section(const Field& mapping) : place_(mapping) {
  if (!mapping.node().IsMap()) mapping.fail(shown(mapping.node()) + " is not a mapping of keys");
  std::set<std::string> seen;
  for (const auto& entry : mapping.node()) {
    const Field key = keyField(mapping, entry.first);
    if (!entry.first.IsScalar()) key.fail("a key must be a plain word");
    const std::string& name = entry.first.Scalar();
    if (!seen.insert(name).second) key.fail("key '" + name + "' is repeated; keep one of them");
    if (entry.second.IsNull()) key.fail("key '" + name + "' has no value");
    entries_.emplace_back(name, mapping.child(name, entry.second));
  }
}

std::optional<Field> Section::optional(const std::string& key) {
  asked_.push_back(key);
  for (const auto& [name, field] : entries_) {
    if (name == key) return field;
  }
  return std::nullopt;
}

Field Section::required(const std::string& key) {
  std::optional<Field> field = optional(key);
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

std::vector<std::pair<std::string, Field>> Section::entries() {
  for (const auto& [name, field] : entries_) asked_.push_back(name);
  return entries_;
}

void Section::finish() const {
  for (const auto& entry : place_.node()) {
    const std::string& name = entry.first.Scalar();
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    keyField(place_, entry.first)
        .fail(fmt::format("unknown key '{}'; known here: {}", name,
                          asked_.empty() ? "none" : fmt::format("{}", fmt::join(asked_, ", "))));
  }
}

Field parseDocument(const std::string& text, const std::string& file) {
  try {
    const Field whole(file, "", YAML::Load(text), noParameters());
    if (!whole.node().IsMap()) {
      throw BadInput(SourceLocation{file, 1, 1}, "not a mapping of keys at the top level");
    }
    return whole;
  } catch (const YAML::Exception& error) {
    throw BadInput({file, error.mark.line + 1, error.mark.column + 1}, "not YAML: " + error.msg);
  }
}

}  // namespace npusim
