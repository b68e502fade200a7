#include "sim/isa/text_names.h"

#include <fmt/format.h>

#include <array>

#include "sim/isa/text_lexer.h"

namespace npusim::isa {

void NameTable::add(const std::string& name) {
  const auto number = static_cast<std::int32_t>(names_.size());
  names_.push_back(name);
  const auto [entry, isNew] = numbers_.emplace(name, number);
  if (!isNew) entry->second = -1;
}

std::string NameTable::reference(std::int32_t id) const {
  if (id < 0 || id >= static_cast<std::int32_t>(names_.size())) return fmt::format("${}", id);
  const std::string& name = names_[static_cast<std::size_t>(id)];
  if (numbers_.at(name) != id) return fmt::format("${}", id);
  return isPlainWord(name) ? name : quoted(name);
}

std::optional<std::int32_t> NameTable::find(std::string_view name) const {
  const auto entry = numbers_.find(std::string(name));
  if (entry == numbers_.end() || entry->second < 0) return std::nullopt;
  return entry->second;
}

std::string NameTable::listed() const {
  constexpr std::size_t kShown = 6;
  std::string list;
  for (std::size_t i = 0; i < names_.size() && i < kShown; ++i)
    list += (list.empty() ? "" : ", ") + names_[i];
  if (names_.size() > kShown) list += ", ...";
  return list.empty() ? "none" : list;
}

std::string DimensionNames::at(std::size_t dimension) const {
  constexpr std::array<std::string_view, 7> kMatrix = {"m0", "m1", "m2", "n", "k0", "k1", "k2"};
  if (matrix && dimension < kMatrix.size()) return std::string(kMatrix.at(dimension));
  return fmt::format("d{}", dimension);
}

std::optional<std::size_t> DimensionNames::find(std::string_view name) const {
  for (std::size_t d = 0; d < count; ++d)
    if (at(d) == name) return d;
  return std::nullopt;
}

}  // namespace npusim::isa
