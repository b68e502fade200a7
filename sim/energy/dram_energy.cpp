#include "sim/energy/dram_energy.h"

namespace npusim {
namespace {

/// V x mA x 1/MHz is nJ.
constexpr double kPicojoules = 1e3;
constexpr double kBits = 8;

bool hasCommands(const DramCounts& counts) {
  return counts.reads + counts.writes + counts.activates + counts.refreshes + counts.activeCycles +
             counts.idleCycles !=
         0;
}

}  // namespace

double DramEnergy::total() const {
  return activate + read + write + refresh + activeStandby + idleStandby + traffic;
}

DramEnergy dramEnergy(const MemoryConfig& memory, const DramCounts& counts) {
  DramEnergy energy;
  const DramCurrents& currents = memory.currents;
  if (currents.vdd == 0 || !hasCommands(counts)) {
    energy.traffic = static_cast<double>(counts.bytes) * kBits * memory.energyPjPerBit;
    return energy;
  }
  const DramTiming& timing = memory.timing;
  const double clock =
      currents.vdd / timing.clockMhz * static_cast<double>(currents.devices) * kPicojoules;
  const auto cost = [&](std::int64_t events, std::int64_t clocks, double milliamperes) {
    return static_cast<double>(events) * static_cast<double>(clocks) * milliamperes * clock;
  };
  const double open = currents.idd3n, closed = currents.idd2n;
  energy.activate = cost(counts.activates, timing.RC, currents.idd0) -
                    cost(counts.activates, timing.RAS, open) -
                    cost(counts.activates, timing.RP, closed);
  energy.read = cost(counts.reads, timing.burstCycles(), currents.idd4r - open);
  energy.write = cost(counts.writes, timing.burstCycles(), currents.idd4w - open);
  energy.refresh = cost(counts.refreshes, timing.RFC, currents.idd5 - open);
  energy.activeStandby = cost(counts.activeCycles, 1, open);
  energy.idleStandby = cost(counts.idleCycles, 1, closed);
  return energy;
}

}  // namespace npusim
