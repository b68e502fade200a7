#pragma once

#include <map>
#include <span>
#include <string>

#include "tools/validate/published.h"

namespace npusim::tools {

/// What our machine says: by quantity and layer, in the units of the published figures.
using OwnFigures = std::map<std::string, std::map<std::string, double>>;

/// A published measurement and how we come to our figures for it.
struct ValidationCase {
  const char* name;
  const char* help;  ///< one line
  OwnFigures (*run)(const Published& published);
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

}  // namespace npusim::tools
