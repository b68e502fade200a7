#include "sim/laws/loading_law.h"

#include <algorithm>
#include <cmath>

namespace npusim {
namespace {

constexpr double kMilli = 1e-3;
constexpr double kBytesPerMib = 1024.0 * 1024.0;

}  // namespace

LoadCost loadCost(const HostConfig& host, std::int64_t bytes) {
  const double mib = static_cast<double>(bytes) / kBytesPerMib;
  const double calls = static_cast<double>(host.warmupCalls);
  LoadCost cost;
  cost.compile = (host.compileMs + host.compileMsPerMib * mib) * kMilli;
  cost.relayout = host.loadMsPerMib * mib * kMilli;
  cost.cache = host.cacheMs * kMilli;
  cost.setup = host.loadSetupMs * kMilli;
  cost.warmUp = host.firstCallMs * kMilli * 2 * (1 - std::exp2(-calls));
  return cost;
}

std::int64_t breakEven(double load, double own, double other) {
  if (!(own < other)) return 0;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(load / (other - own))));
}

}  // namespace npusim
