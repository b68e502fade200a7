#pragma once

#include "sim/config/chip_config.h"
#include "sim/stats/counters.h"

namespace npusim {

/// Picojoules of one memory by command and state.
struct DramEnergy {
  double activate = 0;  ///< and the precharge that ends the row
  double read = 0, write = 0, refresh = 0;
  double activeStandby = 0, idleStandby = 0;  ///< some bank open, all closed
  /// By pJ/bit: all bytes where currents are not known, else those beyond the Reads and Writes.
  double traffic = 0;

  double total() const;
};

/// Energy of counted commands from the memory's supply currents (Micron TN-41-01, with
/// t = clocks / clock frequency and `devices` on each command):
///
///   activate       VDD (IDD0 tRC - IDD3N tRAS - IDD2N tRP)   with its precharge
///   read, write    VDD (IDD4R - IDD3N) tBURST, VDD (IDD4W - IDD3N) tBURST
///   refresh        VDD (IDD5 - IDD3N) tRFC
///   standby        VDD IDD3N a clock with some bank open, else VDD IDD2N
///
/// What drives the pins is in it only where the currents include it. In a memory without currents
/// every bit costs energyPjPerBit; with them, those bits that no Read or Write covers (--memory
/// ideal, reads of queued writes). So the energy is linear in the counts and layers add up to the
/// whole: a layer that queues writes pays for their bits, and the later one in whose time the
/// commands come pays these less the bits, which makes its traffic negative.
DramEnergy dramEnergy(const MemoryConfig& memory, const DramCounts& counts);

}  // namespace npusim
