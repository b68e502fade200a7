#include "sim/config/chip_config.h"

#include <algorithm>

#include "sim/config/chip_fields.h"

namespace npusim {
namespace {

bool contains(const std::vector<Holds>& holds, Holds kind) {
  return std::find(holds.begin(), holds.end(), kind) != holds.end();
}

}  // namespace

std::string_view name(Convention convention) {
  return Word<Convention>{kConventionWords}.nameOf(convention);
}

std::string_view name(Topology topology) { return Word<Topology>{kTopologyWords}.nameOf(topology); }

std::string_view name(MemoryKind kind) { return Word<MemoryKind>{kMemoryKindWords}.nameOf(kind); }

std::string_view name(Holds holds) { return Word<Holds>{kHoldsWords}.nameOf(holds); }

bool DecoderConfig::decodes(WeightFormat format) const {
  return std::find(formats.begin(), formats.end(), format) != formats.end();
}

bool BufferConfig::holdsKind(Holds what) const { return contains(holds, what); }

bool MemoryConfig::holdsKind(Holds what) const { return contains(holds, what); }

double MemoryConfig::peakBytesPerSecond() const {
  if (kind != MemoryKind::Dram) return bandwidthGbPerS * 1e9;
  const double beatsPerSecond = timing.clockMhz * 1e6 * static_cast<double>(timing.dataRate);
  return static_cast<double>(channels * timing.busBits) / 8 * beatsPerSecond;
}

double ChipConfig::memoryBytesPerSecond() const {
  double sum = 0;
  for (const MemoryConfig& memory : memories) {
    if (memory.kind != MemoryKind::Host) sum += memory.peakBytesPerSecond();
  }
  return sum;
}

bool ChipConfig::supports(DataType format) const {
  return std::find(formats.begin(), formats.end(), format) != formats.end();
}

double ChipConfig::peakMacsPerCycle(DataType format) const {
  const auto rate = array.macsPerCycle.find(format);
  if (!supports(format) || rate == array.macsPerCycle.end()) return 0;
  return static_cast<double>(cores * array.rows * array.cols) * rate->second;
}

}  // namespace npusim
