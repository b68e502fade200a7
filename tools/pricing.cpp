#include "tools/pricing.h"

#include <cmath>
#include <limits>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/energy/price.h"
#include "sim/laws/loading_law.h"
#include "sim/reference/reference.h"

namespace npusim::tools {
namespace {

constexpr double kPico = 1e-12;

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : std::numeric_limits<double>::quiet_NaN();
}

/// Bytes that cross the host link and the memory once: constants in, inputs in or outputs out.
/// Idle power is counted over the link's time.
double transferEnergy(std::int64_t bytes, double seconds, const ChipConfig& chip,
                      const EnergyTable& table, DataType format) {
  Counters counters;
  counters.hostBytes = bytes;
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

}  // namespace

void priceResult(RunResult& result, const ChipConfig& chip, const EnergyTable& table) {
  const auto format = parseDataType(result.precision);
  ensure(format.has_value(), "a result of a known precision");
  PredictResult& predict = result.predict;
  const Energy unlimited = price(predict.counters, predict.cycles, chip, table, *format);
  const Throttled run = throttle(unlimited, predict.cycles, chip);
  ChipConfig asRun = chip;
  asRun.clockMhz = run.clockMhz;
  for (LayerResult& layer : result.layers) {
    layer.energy = price(layer.counters, layer.cycles, asRun, table, *format);
  }
  predict.energy = run.energy;
  predict.energyJ = run.energy.total() * kPico;
  predict.timeS = run.timeS;
  predict.averagePowerW = run.averagePowerW;
  result.throttledClockMhz = run.clockMhz < chip.clockMhz ? run.clockMhz : 0;
  result.powerLimitW = chip.power.limitW;
  result.load.energyJ = transferEnergy(result.load.bytes, result.load.timeS, chip, table, *format);
  result.io.energyJ = transferEnergy(result.io.bytes, result.io.timeS, chip, table, *format);
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
