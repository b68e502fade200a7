#pragma once

#include <string>
#include <vector>

#include "sim/config/load_config.h"
#include "sim/energy/dram_energy.h"
#include "sim/memory/dram/trace_run.h"

namespace npusim::tools {

/// A memory as `npusim dram` and `npusim validate dram` run it.
struct DramChoice {
  std::string memory;   ///< preset or file
  std::string mapping;  ///< row, bgi or an order of address bits; empty: the memory's own
  bool refresh = true;
  std::vector<Override> overrides;  ///< of the memory's keys
};

/// Throws BadInput for what is wrong with the choice.
MemoryConfig loadMemory(const DramChoice& choice);

/// What a trace did in a memory.
struct DramReport {
  MemoryConfig memory;
  TraceResult result;
  DramEnergy energy;

  double seconds() const;
  /// Moved by the memory: not those of writes that a later one replaced before, nor of reads that a
  /// waiting write answered.
  double bytes() const;
  /// Bytes moved in the time of the trace over what the nominal data rate allows.
  double bandwidthUtilization() const;
};

DramReport reportOf(const MemoryConfig& memory, TraceResult result);

/// The report as a table for a person, and as JSON.
std::string toTable(const DramReport& report);
std::string toJson(const DramReport& report);

}  // namespace npusim::tools
