#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "tools/validate/published.h"

namespace npusim::tools {

/// What our machine says: by quantity and layer, in the units of the published figures.
using OwnFigures = std::map<std::string, std::map<std::string, double>>;

/// What a case comes to: its table, and how many figures are judged and miss.
struct Outcome {
  std::string text;
  std::int64_t missed = 0, judged = 0;
};

/// A published measurement and how we come to our figures for it.
struct ValidationCase {
  const char* name;
  const char* help;  ///< one line
  /// Our figures for a file of published ones; null where `judged` has a form of its own.
  OwnFigures (*run)(const Published& published);
  Outcome (*judged)() = nullptr;
};

/// All cases.
std::span<const ValidationCase> validationCases();

/// Eyeriss: tile fidelity, values on, batch as published.
///
///   processing_latency  the array's time: a layer's cycles without those in which it waits
///   active_pes          PEs that a full pass uses
///   dram                bytes moved, feature maps coded
///   buffer              bytes that the array reads and writes at the buffers, filters included
///   power               energy of the die by event over the processing latency, and the clock
///                       network's power
///   total_latency       a layer's cycles
OwnFigures runEyeriss(const Published& published);

/// DRAM: the traces of dram_traces.h on matched configurations, held against three simulators
/// (configs/validation/dram.yaml).
Outcome runDram();

}  // namespace npusim::tools
