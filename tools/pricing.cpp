#include "tools/pricing.h"

#include <cmath>
#include <limits>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/energy/dram_energy.h"
#include "sim/energy/price.h"
#include "sim/laws/loading_law.h"
#include "sim/reference/reference.h"

namespace npusim::tools {
namespace {

constexpr double kPico = 1e-12;

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : std::numeric_limits<double>::quiet_NaN();
}

/// Bytes that cross the host link and the memory once: constants in, inputs in or outputs out; and
/// what of them passes the network. Idle power is counted over the link's time.
double transferEnergy(std::int64_t bytes, std::int64_t byteHops, double seconds,
                      const ChipConfig& chip, const EnergyTable& table, DataType format) {
  Counters counters;
  counters.hostBytes = bytes;
  counters.networkByteHops = byteHops;
  if (!chip.memories.empty()) counters.dramBytes.write = bytes;
  const auto cycles = static_cast<std::int64_t>(std::llround(seconds * chip.clockMhz * 1e6));
  return price(counters, cycles, chip, table, format).total() * kPico;
}

/// The reference machine's own loading is not known and counts as nothing.
void priceReferences(RunResult& result) {
  for (ReferenceResult& reference : result.references) {
    reference.speedup = ratio(reference.timeS, result.predict.timeS);
    reference.energyRatio = ratio(reference.energyJ, result.predict.energyJ);
    const double own = result.predict.timeS + result.io.timeS;
    reference.breakEven = breakEven(result.load.firstUseS(), own, reference.timeS);
    reference.breakEvenFromCache = breakEven(result.load.fromCacheS(), own, reference.timeS);
  }
}

/// Each memory by what was counted there.
std::vector<MemoryResult> memoryResults(const RunResult& run, const ChipConfig& chip) {
  const PredictResult& predict = run.predict;
  std::vector<MemoryResult> results;
  for (std::size_t i = 0; i < chip.memories.size(); ++i) {
    const MemoryConfig& memory = chip.memories[i];
    const std::vector<DramCounts>& counted = predict.counters.memories;
    const DramCounts counts = i < counted.size() ? counted[i] : DramCounts{};
    const double most = predict.timeS * memory.peakBytesPerSecond();
    const bool busy = most > 0 && !run.idealMemory;
    results.push_back({memory.name,
                       std::string(name(memory.kind)),
                       {counts.bytesRead, counts.bytes - counts.bytesRead},
                       busy ? static_cast<double>(counts.bytes) / most : 0,
                       dramEnergy(memory, counts).total()});
  }
  return results;
}

}  // namespace

void priceResult(RunResult& result, const ChipConfig& chip, const EnergyTable& table) {
  const auto format = parseDataType(result.precision);
  ensure(format.has_value(), "a result of a known precision");
  ChipConfig asRun = chip;
  if (result.throttledClockMhz > 0) asRun.clockMhz = result.throttledClockMhz;
  PredictResult& predict = result.predict;
  predict.energy = price(predict.counters, predict.cycles, asRun, table, *format);
  for (const LayerResult& layer : result.layers) predict.energy.cpu += layer.energy.cpu;
  predict.energyJ = predict.energy.total() * kPico;
  predict.timeS = static_cast<double>(predict.cycles) / (asRun.clockMhz * 1e6);
  predict.averagePowerW = predict.timeS > 0 ? predict.energyJ / predict.timeS : 0;
  predict.memories = memoryResults(result, asRun);
  for (LayerResult& layer : result.layers) {
    const double onCpu = layer.energy.cpu;
    layer.energy = price(layer.counters, layer.cycles, asRun, table, *format);
    layer.energy.cpu = onCpu;
  }
  result.powerLimitW = chip.power.limitW;
  const LoadResult& load = result.load;
  result.load.energyJ =
      transferEnergy(load.bytes, load.networkByteHops, load.timeS, asRun, table, *format);
  result.io.energyJ = transferEnergy(result.io.bytes, 0, result.io.timeS, asRun, table, *format);
  result.area = area(chip, table);
  result.energyTable = table.name;
  priceReferences(result);
}

std::vector<ReferenceResult> costReferences(const std::vector<std::string>& names,
                                            const std::vector<OperatorWork>& works,
                                            DataType precision) {
  std::vector<ReferenceResult> results;
  for (const std::string& name : names) {
    const ReferenceCost cost = costReference(loadReference(name), works, precision);
    results.push_back({cost.name, cost.kind, std::string(npusim::name(cost.precision)), cost.timeS,
                       cost.energyJ, cost.cycles, cost.dramBytes, cost.trafficBytes, 0, 0});
  }
  return results;
}

}  // namespace npusim::tools
