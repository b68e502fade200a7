#include "sim/energy/dram_energy.h"

namespace npusim {
namespace {

/// V x mA x 1/MHz is nJ.
constexpr double kPicojoules = 1e3;
constexpr double kBits = 8;

}  // namespace

double DramEnergy::total() const {
  return activate + read + write + refresh + activeStandby + idleStandby + traffic;
}

DramEnergy dramEnergy(const MemoryConfig& memory, const DramCounts& counts) {
  DramEnergy energy;
  const DramCurrents& currents = memory.currents;
  const DramTiming& timing = memory.timing;
  const bool byCommands = currents.vdd != 0;
  const std::int64_t covered =
      byCommands ? (counts.reads + counts.writes) * timing.burstBytes() : 0;
  energy.traffic = static_cast<double>(counts.bytes - covered) * kBits * memory.energyPjPerBit;
  if (!byCommands) return energy;
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
