#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/operator_work.h"
#include "sim/stats/counters.h"

namespace npusim {

/// Picojoules by component.
struct Energy {
  double mac = 0, localStore = 0, arrayNetwork = 0, buffer = 0, vector = 0, network = 0, dram = 0,
         clockIdle = 0, host = 0;
  double cpu = 0;  ///< of layers that ran on the host's CPU; given, not priced from counters
  double total() const;
  Energy& operator+=(const Energy& other);
};

struct Area {  ///< square millimetres
  double array = 0, localStore = 0, buffer = 0, vector = 0, network = 0;
  double total() const;
};

/// Shares of the array's time that were not useful; with utilization they sum to 1.
struct Loss {
  double edge = 0, fillDrain = 0, dram = 0, buffer = 0, dependency = 0, network = 0, overhead = 0;
};

struct LayerResult {
  std::string name, op, outputShape;
  /// Where it ran if not on the chip: "cpu", or "host link" for a transfer between the two.
  std::string machine;
  std::int64_t macs = 0, cycles = 0, startCycle = 0, endCycle = 0;
  double utilization = 0;
  std::string boundBy;  ///< compute, dram, host link, vector, buffer, dependency, network
  StallCycles stalls;
  Counters counters;
  Energy energy;
};

/// Bringing a network in: the transfer to the chip, and what the host does before and after.
struct LoadResult {
  std::int64_t cycles = 0, bytes = 0;
  double timeS = 0, energyJ = 0;  ///< of the transfer
  double hostTimeS = 0;           ///< the first time: compiling, re-layout and set-up
  double compileS = 0, relayoutS = 0, cacheS = 0, setupS = 0;
  double warmUpS = 0;  ///< that the first calls take beyond the steady state, all together
  std::int64_t networkByteHops = 0;  ///< on the way to the cores that keep constants

  double firstUseS() const { return hostTimeS + timeS + warmUpS; }
  /// With a compiled network in the host's cache, whose weights lie as the chip wants them.
  double fromCacheS() const { return cacheS + setupS + timeS + warmUpS; }
};

struct IoResult {
  double timeS = 0, energyJ = 0, dispatchS = 0;
  std::int64_t bytes = 0;
};

/// What one of the chip's memories did in a predict.
struct MemoryResult {
  std::string name, kind;  ///< kind: dram, sram or host
  ReadWrite bytes;
  double bandwidthUtilization = 0;  ///< of its own peak; 0 with ideal memory
  double energyPj = 0;
};

/// A loop of the program of which only some passes were simulated.
struct ShortenedLoop {
  std::string name;
  std::int64_t passes = 0, simulatedPasses = 0;
  /// Of the cycles of the passes that those left out were taken as, from those before; relative.
  double difference = 0;
};

struct PredictResult {
  std::int64_t cycles = 0;
  std::int64_t leftOutCycles = 0;    ///< of them: of passes of loops that were not simulated
  std::int64_t firstCallCycles = 0;  ///< with --repeat; equal to cycles otherwise
  double timeS = 0, energyJ = 0, averagePowerW = 0;
  std::int64_t macs = 0;
  double utilization = 0;
  Loss loss;
  StallCycles stalls;
  Counters counters;
  std::int64_t compulsoryDramBytes = 0;
  double bandwidthUtilization = 0;
  /// Of several cores: cycles in which the array of the busiest and of the least busy one worked.
  std::int64_t busiestCoreCycles = 0, idlestCoreCycles = 0;
  /// Between several cores: cycles in which the link that moved data longest did.
  std::int64_t busiestLinkCycles = 0;
  Energy energy;
  std::vector<MemoryResult> memories;  ///< in the chip's order
  double zeroOperandFraction = 0;
  std::vector<ShortenedLoop> shortenedLoops;
};

struct ReferenceResult {
  std::string name, kind, precision;
  double timeS = 0, energyJ = 0;
  std::int64_t cycles = 0, dramBytes = 0;
  std::vector<std::pair<std::string, std::int64_t>> trafficBytes;  ///< by cache level
  double speedup = 0, energyRatio = 0;
  /// Predictions after which the NPU has saved what its loading took; 0: never.
  std::int64_t breakEven = 0, breakEvenFromCache = 0;
};

struct ValuesResult {
  bool computed = false;
  std::string checkedAgainst;  ///< "evaluate", "data set", or empty
  double maxAbsError = 0, maxRelError = 0;
  bool passed = true;
  std::string detail;  ///< one sentence for a person: rule, worst output, cosine for int8
};

/// Everything one execution yields; writers turn it into a table, JSON or CSV.
struct RunResult {
  std::string version, chip, workload, fidelity, precision, chipHash, configHash, convention;
  std::string dataflow;
  std::int64_t cores = 1;
  std::string network;      ///< between cores; "shared" where they share their buffers
  std::string chipYaml;     ///< resolved chip, so that a saved result can be priced again
  std::string energyTable;  ///< name of the table that energies and area come from
  std::int64_t batch = 1, rows = 0, cols = 0;
  double clockMhz = 0;
  double throttledClockMhz = 0;  ///< of the run, where the power limit left less; 0: clockMhz
  double powerLimitW = 0;        ///< 0: none
  std::uint64_t seed = 0;
  bool idealMemory = false;
  std::int64_t repeat = 1;
  LoadResult load;
  IoResult io;
  PredictResult predict;
  Area area;
  std::vector<LayerResult> layers;
  std::vector<ReferenceResult> references;
  ValuesResult values;
  double wallS = 0, compileWallS = 0, cyclesPerS = 0;
  std::int64_t peakRssBytes = 0;

  /// Whether predict takes more than the limit even at the throttled clock.
  bool abovePowerLimit() const;
};

}  // namespace npusim
