#include "sim/memory/dram/address_map.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "sim/core/error.h"

namespace npusim {
namespace {

struct FieldKind {
  std::string_view code;
  std::int64_t DramLocation::*coordinate;
  std::int64_t size;
};

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
                 "; give ro, bg, ba, ch and co from most to least significant, such as "
                 "'ro-ba-bg-ch-co'");
}

}  // namespace

AddressMap::AddressMap(const MemoryConfig& memory)
    : burstBytes_(memory.timing.burstLength * memory.timing.busBits / 8),
      columns_(std::max<std::int64_t>(1, memory.rowBytes / burstBytes_)) {
  const std::array<FieldKind, 6> kinds = {{{"ro", &DramLocation::row, rowCount(memory)},
                                           {"ra", &DramLocation::rank, memory.ranks},
                                           {"bg", &DramLocation::bankGroup, memory.bankGroups},
                                           {"ba", &DramLocation::bank, memory.banksPerGroup},
                                           {"ch", &DramLocation::channel, memory.channels},
                                           {"co", &DramLocation::column, columns_}}};
  const std::vector<std::string> named = codes(memory.mapping);
  for (const FieldKind& kind : kinds) {
    const auto times = std::ranges::count(named, kind.code);
    if (times > 1) refuse(memory, "names " + std::string(kind.code) + " twice");
    if (times == 0 && kind.size > 1) refuse(memory, "leaves out " + std::string(kind.code));
  }
  bool belowColumn = true;
  for (auto code = named.rbegin(); code != named.rend(); ++code) {
    const auto kind = std::ranges::find(kinds, *code, &FieldKind::code);
    if (kind == kinds.end()) refuse(memory, "has an unknown field '" + *code + "'");
    if (kind->code == "co") belowColumn = false;
    if (belowColumn) interleave_ *= kind->size;
    if (kind->size > 1 || kind->code == "ro") fields_.push_back({kind->coordinate, kind->size});
  }
}

DramLocation AddressMap::locate(std::int64_t burst) const {
  DramLocation location;
  for (const Field& field : fields_) {
    location.*field.coordinate = burst % field.size;
    burst /= field.size;
  }
  return location;
}

}  // namespace npusim
