#include "tools/dram/dram_run.h"

#include <utility>

#include "sim/core/error.h"
#include "sim/memory/dram/address_map.h"

namespace npusim::tools {
namespace {

/// Names every field, so that any memory loads before its own order is known.
constexpr const char* kAllFields = "ro-ra-ba-bg-ch-co";

}  // namespace

MemoryConfig loadMemory(const DramChoice& choice) {
  std::vector<Override> overrides = choice.overrides;
  if (!choice.mapping.empty()) overrides.emplace_back("mapping", kAllFields);
  if (!choice.refresh) overrides.emplace_back("timing.REFI", "0");
  MemoryConfig memory = npusim::loadMemory(choice.memory, overrides);
  if (memory.kind != MemoryKind::Dram) {
    throw BadInput(choice.memory + ": is an SRAM, which has no commands; name a DRAM");
  }
  if (choice.mapping.empty()) return memory;
  memory.mapping = mappingText(choice.mapping, memory);
  try {
    AddressMap check(memory);
  } catch (const BadInput& error) {
    throw BadInput("--mapping " + choice.mapping + ": " + error.what());
  }
  return memory;
}

double DramReport::seconds() const {
  return static_cast<double>(result.cycles) / (memory.timing.clockMhz * 1e6);
}

double DramReport::bytes() const {
  return static_cast<double>(result.events.bursts * memory.timing.burstBytes());
}

double DramReport::bandwidthUtilization() const {
  return result.cycles == 0 ? 0 : bytes() / seconds() / memory.peakBytesPerSecond();
}

DramReport reportOf(const MemoryConfig& memory, TraceResult result) {
  const MemoryEvents& events = result.events;
  const DramCounts counts = {.bytes = events.bursts * memory.timing.burstBytes(),
                             .reads = events.reads,
                             .writes = events.writes,
                             .activates = events.activates,
                             .refreshes = events.refreshes,
                             .activeCycles = events.activeCycles,
                             .idleCycles = events.idleCycles};
  return {memory, std::move(result), dramEnergy(memory, counts)};
}

}  // namespace npusim::tools
