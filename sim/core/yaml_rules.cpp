#include "sim/core/yaml_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace npusim {
namespace {

/// The whole text of a plain scalar as a number, or nothing.
template <typename T>
std::optional<T> parsePlain(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::Scalar || node.quoted) return std::nullopt;
  T value{};
  const char* end = node.text.data() + node.text.size();
  const auto parsed = std::from_chars(node.text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::optional<double> parseFinite(const YamlNode& node) {
  const std::optional<double> value = parsePlain<double>(node);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::string shown(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::List) return node.children.empty() ? "an empty list" : "a list";
  if (node.kind == YamlNode::Kind::Map) return "a section";
  if (node.kind == YamlNode::Kind::Null || node.text.empty()) return "empty";
  constexpr std::size_t kLongest = 40;
  const std::string text = node.text.substr(0, kLongest);
  return fmt::format("{0}{1}{2}{0}", node.quoted ? "\"" : "'", text,
                     node.text.size() > kLongest ? "..." : "");
}

}  // namespace

void failRule(const YamlNode& node, const std::string& path, const std::string& must) {
  failAt(node.where, path, fmt::format("is {}, must be {}", shown(node), must));
}

void failWord(const YamlNode& node, const std::string& path,
              const std::vector<std::string>& words) {
  failRule(node, path, joinedChoices(words) + didYouMean(node.text, words));
}

void failUnknownKey(const YamlNode& child, const std::string& path,
                    const std::vector<std::string>& known) {
  const std::string meant = closest(child.key, known);
  failAt(child.keyWhere, pathBelow(path, child.key),
         "unknown key, " + (meant.empty() ? "may be " + joinedChoices(known)
                                          : fmt::format("did you mean '{}'?", meant)));
}

YamlNode scalarNode(std::string text, bool quoted) {
  YamlNode node;
  node.kind = YamlNode::Kind::Scalar;
  node.text = std::move(text);
  node.quoted = quoted;
  return node;
}

std::int64_t Whole::read(const YamlNode& node, const std::string& path) const {
  const std::optional<Value> value = parsePlain<Value>(node);
  const bool fits = value && *value >= low && *value <= high &&
                    (!powerOfTwo || (*value > 0 && (*value & (*value - 1)) == 0));
  if (!fits) failRule(node, path, describe());
  return *value;
}

YamlNode Whole::write(Value value) const { return scalarNode(fmt::format("{}", value)); }

std::string Whole::describe() const {
  const std::string what = powerOfTwo ? "a power of two" : "a whole number";
  if (high == Whole{}.high) return fmt::format("{} of at least {}", what, low);
  return fmt::format("{} from {} to {}", what, low, high);
}

double Number::read(const YamlNode& node, const std::string& path) const {
  const std::optional<double> value = parseFinite(node);
  if (!value || *value < low || *value > high) failRule(node, path, describe());
  return *value;
}

YamlNode Number::write(Value value) const { return scalarNode(fmt::format("{}", value)); }

std::string Number::describe() const {
  const bool any = low == Number{}.low && high == Number{}.high;
  return any ? "a number" : fmt::format("a number from {} to {}", low, high);
}

double WholeOrPart::read(const YamlNode& node, const std::string& path) const {
  constexpr double kWrittenDigits = 2e-3;
  const double value = parseFinite(node).value_or(0);
  if (value >= 1 && value <= high && value == std::floor(value)) return value;
  const double parts = value > 0 && value < 1 ? std::round(1 / value) : 0;
  if (parts < 1 || parts > high || std::abs(1 / value - parts) > kWrittenDigits * parts) {
    failRule(node, path, describe());
  }
  return 1 / parts;
}

YamlNode WholeOrPart::write(Value value) const { return Number{}.write(value); }

std::string WholeOrPart::describe() const {
  return fmt::format("a whole number up to {} or a whole part of 1, such as 0.5 or 0.25", high);
}

std::int64_t Capacity::read(const YamlNode& node, const std::string& path) const {
  const double bytes = parseFinite(node).value_or(0) * static_cast<double>(unitBytes);
  if (bytes < 1 || bytes > static_cast<double>(highBytes) || bytes != std::floor(bytes)) {
    failRule(node, path, describe());
  }
  return static_cast<Value>(bytes);
}

YamlNode Capacity::write(Value value) const {
  return Number{}.write(static_cast<double>(value) / static_cast<double>(unitBytes));
}

std::string Capacity::describe() const {
  return fmt::format("above 0, at most {}, and come to whole bytes", highBytes / unitBytes);
}

bool Flag::read(const YamlNode& node, const std::string& path) const {
  const bool plain = node.kind == YamlNode::Kind::Scalar && !node.quoted;
  if (!plain || (node.text != "true" && node.text != "false")) failRule(node, path, describe());
  return node.text == "true";
}

YamlNode Flag::write(Value value) const { return scalarNode(value ? "true" : "false"); }

std::string Text::read(const YamlNode& node, const std::string& path) const {
  constexpr std::size_t kLongest = 200;
  const bool fits = node.kind == YamlNode::Kind::Scalar && (mayBeEmpty || !node.text.empty()) &&
                    node.text.size() <= kLongest &&
                    std::none_of(node.text.begin(), node.text.end(),
                                 [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (!fits) failRule(node, path, describe());
  return node.text;
}

YamlNode Text::write(const Value& value) const { return scalarNode(value, true); }

}  // namespace npusim
