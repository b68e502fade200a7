#pragma once

#include <map>
#include <string>
#include <vector>

namespace npusim::tools {

using FiguresByTrace = std::map<std::string, double>;

/// What one simulator says of the traces in one configuration.
struct DramFigures {
  std::string simulator;
  FiguresByTrace cycles, rowHitRate, readLatency;
};

/// Reference runs of one memory; a figure passes within its tolerance of one of `judges`.
struct DramConfiguration {
  std::string name, memory, mapping;
  bool refresh = true;
  std::vector<std::string> judges;  ///< keys of simulators
  /// By trace: a share of the cycles, differences of the others. Traces without one are shown.
  FiguresByTrace cyclesWithin, rowHitRateWithin, readLatencyWithin;
  std::vector<DramFigures> references;
};

struct DramSimulator {
  std::string key, name;
};

struct DramReference {
  std::string source;
  std::vector<DramSimulator> simulators;
  double refreshesWithin = 0;  ///< of cycles / REFI
  std::vector<DramConfiguration> configurations;
};

/// configs/validation/dram.yaml.
DramReference readDramReference();

}  // namespace npusim::tools
