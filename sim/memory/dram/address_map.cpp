#include "sim/memory/dram/address_map.h"

#include <algorithm>
#include <bit>
#include <sstream>

#include "sim/core/error.h"

namespace npusim {
namespace {

std::int64_t rowCount(const MemoryConfig& memory) {
  const std::int64_t bytesOfOneRow =
      memory.channels * memory.ranks * memory.bankGroups * memory.banksPerGroup * memory.rowBytes;
  return std::max<std::int64_t>(1, memory.capacityBytes / bytesOfOneRow);
}

/// Codes from most to least significant, ra added above ba when the text leaves it out.
std::vector<std::string> codes(const std::string& mapping) {
  std::vector<std::string> result;
  std::istringstream text(mapping);
  for (std::string code; std::getline(text, code, '-');) result.push_back(code);
  if (std::ranges::find(result, "ra") == result.end()) {
    result.insert(std::ranges::find(result, "ba"), "ra");
  }
  return result;
}

[[noreturn]] void refuse(const MemoryConfig& memory, const std::string& why) {
  throw BadInput("memory '" + memory.name + "': mapping '" + memory.mapping + "' " + why +
                 "; give row, bgi, or ro, bg, ba, ch, co and perhaps cl from most to least "
                 "significant, such as 'ro-ba-bg-ch-co'");
}

}  // namespace

std::array<AddressMap::Kind, AddressMap::kCoordinates> AddressMap::kinds(const MemoryConfig& memory,
                                                                         bool splitColumn) const {
  const std::int64_t low =
      std::clamp<std::int64_t>(kRequestBytes / burstBytes_, 1, splitColumn ? columns_ : 1);
  return {{{"ro", Row, rowCount(memory)},
           {"ra", Rank, memory.ranks},
           {"bg", Group, memory.bankGroups},
           {"ba", Bank, memory.banksPerGroup},
           {"ch", Channel, memory.channels},
           {"co", Column, columns_ / low},
           {"cl", LowColumn, low}}};
}

AddressMap::AddressMap(const MemoryConfig& memory)
    : burstBytes_(memory.timing.burstBytes()),
      columns_(std::max<std::int64_t>(1, memory.rowBytes / burstBytes_)) {
  const std::vector<std::string> named = codes(mappingText(memory.mapping, memory));
  const auto known = kinds(memory, std::ranges::count(named, "cl") > 0);
  for (const Kind& kind : known) {
    const auto times = std::ranges::count(named, kind.code);
    if (times > 1) refuse(memory, "names " + std::string(kind.code) + " twice");
    if (times == 0 && kind.size > 1) refuse(memory, "leaves out " + std::string(kind.code));
  }
  if (std::ranges::find(named, "cl") < std::ranges::find(named, "co") &&
      std::ranges::count(named, "cl") > 0) {
    refuse(memory, "has cl above co");
  }
  for (auto code = named.rbegin(); code != named.rend(); ++code) {
    const auto kind = std::ranges::find(known, *code, &Kind::code);
    if (kind == known.end()) refuse(memory, "has an unknown field '" + *code + "'");
    append(*kind);
  }
  std::erase_if(fields_, [](const Field& field) { return field.size == 1; });
  findShifts();
  // Without cl the fields below co are all inner ones.
  if (requestColumns_ == 1) {
    inner_ *= outer_;
    outer_ = 1;
  }
}

/// Adds the next field above the present ones.
void AddressMap::append(const Kind& kind) {
  const auto isAbove = [&](Coordinate coordinate) {
    return std::ranges::find(fields_, coordinate, &Field::coordinate) != fields_.end();
  };
  if (kind.coordinate == LowColumn) requestColumns_ = kind.size;
  const bool columnPart = kind.coordinate == Column || kind.coordinate == LowColumn;
  if (!columnPart && !isAbove(Column)) (isAbove(LowColumn) ? outer_ : inner_) *= kind.size;
  fields_.push_back({kind.coordinate, kind.size});
}

void AddressMap::findShifts() {
  int shift = 0;
  for (const Field& field : fields_) {
    const bool isTop = &field == &fields_.back();
    const auto size = static_cast<std::uint64_t>(field.size);
    if (!isTop && !std::has_single_bit(size)) powersOfTwo_ = false;
    shifts_[field.coordinate] = shift;
    masks_[field.coordinate] = static_cast<std::int64_t>(std::bit_ceil(size)) - 1;
    shift += std::countr_zero(size);
    bursts_ *= field.size;
  }
}

std::int64_t AddressMap::neighbourColumns() const {
  if (fields_.empty()) return 1;
  const Field& least = fields_.front();
  const bool ofColumn = least.coordinate == Column || least.coordinate == LowColumn;
  return ofColumn ? least.size : 1;
}

/// locate() for sizes that are not powers of two.
DramLocation AddressMap::divide(std::int64_t burst) const {
  std::array<std::int64_t, kCoordinates> at{};
  for (const Field& field : fields_) {
    at[field.coordinate] = burst % field.size;
    burst /= field.size;
  }
  return {.channel = at[Channel],
          .rank = at[Rank],
          .bankGroup = at[Group],
          .bank = at[Bank],
          .row = at[Row],
          .column = at[Column] * requestColumns_ + at[LowColumn]};
}

std::string mappingText(std::string_view name, const MemoryConfig& memory) {
  std::string text;
  const auto add = [&](std::string_view code, bool needed) {
    if (needed) text += (text.empty() ? "" : "-") + std::string(code);
  };
  if (name != "row" && name != "bgi") return std::string(name);
  add("ro", true);
  add("ra", memory.ranks > 1);
  add("ba", memory.banksPerGroup > 1);
  if (name == "row") add("bg", memory.bankGroups > 1);
  if (name == "bgi") add("co", true);
  add("ch", memory.channels > 1);
  if (name == "row") add("co", true);
  if (name == "bgi") add("bg", memory.bankGroups > 1);
  return text;
}

}  // namespace npusim
