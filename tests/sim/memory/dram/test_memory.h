#pragma once

#include "sim/config/chip_config.h"

namespace npusim::testing {

/// One DDR4-like channel: 16 banks in 4 groups, burst of 64 bytes in 4 cycles.
inline MemoryConfig ddr4Like() {
  MemoryConfig memory;
  memory.capacityBytes = std::int64_t{1} << 32;
  memory.bankGroups = 4;
  memory.banksPerGroup = 4;
  memory.rowBytes = 8192;
  memory.mapping = "ro-ba-co-bg-ch";
  memory.timing = {.clockMhz = 1200,
                   .burstLength = 8,
                   .dataRate = 2,
                   .busBits = 64,
                   .CL = 16,
                   .CWL = 12,
                   .RCD = 16,
                   .RP = 16,
                   .RAS = 39,
                   .RC = 55,
                   .RRD_S = 4,
                   .RRD_L = 6,
                   .FAW = 26,
                   .CCD_S = 4,
                   .CCD_L = 6,
                   .WTR_S = 3,
                   .WTR_L = 9,
                   .WR = 18,
                   .RTP = 9,
                   .RFC = 420,
                   .REFI = 9360};
  return memory;
}

/// The same without refresh, for closed forms.
inline MemoryConfig withoutRefresh(MemoryConfig memory) {
  memory.timing.REFI = 0;
  return memory;
}

}  // namespace npusim::testing
