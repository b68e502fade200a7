#include "sim/reference/reference.h"

#include <algorithm>
#include <cmath>

#include "sim/core/error.h"
#include "sim/reference/cache_traffic.h"
#include "sim/reference/matrix_time.h"
#include "sim/reference/precision.h"

namespace npusim {
namespace {

/// When the host has issued and the machine has finished what came so far, in seconds.
struct Timeline {
  double issued = 0, finished = 0;

  /// Runs `work` seconds, `times` times; returns the time from the previous operator's end.
  double run(const ReferenceConfig& machine, double work, std::int64_t times) {
    const double ahead = machine.launchOverlapUs * 1e-6;
    const double each = machine.launchUs * 1e-6 - ahead + work;
    const double first = std::max(issued + ahead, finished) + each;
    // From then on either the host or the machine sets the pace.
    const auto others = static_cast<double>(times - 1);
    issued += static_cast<double>(times) * ahead;
    const double end = std::max(first + others * each, issued + each);
    const double elapsed = end - finished;
    finished = end;
    return elapsed;
  }
};

void check(const ReferenceConfig& machine) {
  if (machine.launchOverlapUs > machine.launchUs) {
    throw BadInput(machine.name + ": launch_overlap_us exceeds launch_us; it is a part of it");
  }
}

double elementOps(const ReferenceConfig& machine, const OperatorWork& work) {
  return static_cast<double>(work.simpleOps) +
         static_cast<double>(work.divideOps) * machine.divideCost +
         static_cast<double>(work.transcendentalOps) * machine.transcendentalCost;
}

double vectorCycles(const ReferenceConfig& machine, const OperatorWork& work) {
  return elementOps(machine, work) /
         (machine.vectorOpsPerCyclePerCore * static_cast<double>(machine.cores));
}

double levelSeconds(const ReferenceConfig& machine, std::size_t level, double bytes) {
  if (level == machine.caches.size()) {
    return bytes / (machine.memoryGbPerS * 1e9 * machine.memoryEfficiency);
  }
  return bytes / (machine.caches[level].bytesPerCycle * machine.clockMhz * 1e6);
}

std::string levelName(const ReferenceConfig& machine, std::size_t level) {
  return level == machine.caches.size() ? "memory" : machine.caches[level].name;
}

double operatorPicojoules(const ReferenceConfig& machine, const OperatorWork& work, DataType format,
                          const std::vector<double>& traffic) {
  const auto mac = machine.macPj.find(format);
  double energy = elementOps(machine, work) * machine.elementOpPj;
  if (mac != machine.macPj.end()) energy += static_cast<double>(work.macs) * mac->second;
  for (std::size_t level = 0; level < machine.caches.size(); ++level) {
    energy += traffic[level] * machine.caches[level].pjPerByte;
  }
  return energy + traffic.back() * machine.memoryPjPerByte;
}

class Coster {
 public:
  Coster(const ReferenceConfig& machine, DataType format, const NetworkFootprint& network)
      : machine_(machine), format_(format), network_(network) {}

  ReferenceOperator cost(const OperatorWork& work) {
    const MatrixBlocking blocking =
        work.macs > 0 ? blockMatrix(machine_, work, format_) : MatrixBlocking{};
    ReferenceOperator result;
    result.name = work.name;
    result.trafficBytes = trafficByLevel(machine_, work, format_, blocking, network_);
    const double computing =
        (blocking.cycles + vectorCycles(machine_, work)) / (machine_.clockMhz * 1e6);
    const auto [moving, slowest] = slowestLevel(result.trafficBytes);
    const double busy =
        std::max(computing, moving) + (1 - machine_.overlap) * std::min(computing, moving);
    result.timeS = busy > 0 ? timeline_.run(machine_, busy, work.times) : 0;
    result.boundBy = moving > computing ? levelName(machine_, slowest) : "compute";
    const auto times = static_cast<double>(work.times);
    if (result.timeS > 2 * times * busy) result.boundBy = "launch";
    result.energyPj = times * operatorPicojoules(machine_, work, format_, result.trafficBytes);
    for (double& bytes : result.trafficBytes) bytes *= times;
    return result;
  }

 private:
  std::pair<double, std::size_t> slowestLevel(const std::vector<double>& traffic) const {
    std::pair<double, std::size_t> slowest{0, 0};
    for (std::size_t level = 0; level < traffic.size(); ++level) {
      slowest = std::max(slowest, {levelSeconds(machine_, level, traffic[level]), level});
    }
    return slowest;
  }

  const ReferenceConfig& machine_;
  DataType format_;
  NetworkFootprint network_;
  Timeline timeline_;
};

void addTotals(ReferenceCost& cost, const ReferenceConfig& machine) {
  std::vector<double> traffic(machine.caches.size() + 1);
  double picojoules = 0;
  for (const ReferenceOperator& one : cost.operators) {
    cost.timeS += one.timeS;
    picojoules += one.energyPj;
    for (std::size_t level = 0; level < traffic.size(); ++level) {
      traffic[level] += one.trafficBytes[level];
    }
  }
  for (std::size_t level = 0; level < machine.caches.size(); ++level) {
    cost.trafficBytes.emplace_back(machine.caches[level].name, std::llround(traffic[level]));
  }
  cost.dramBytes = std::llround(traffic.back());
  cost.cycles = std::llround(cost.timeS * machine.clockMhz * 1e6);
  cost.energyJ = picojoules * 1e-12 + machine.idleW * cost.timeS;
  if (machine.busyW > 0) cost.energyJ = std::min(cost.energyJ, machine.busyW * cost.timeS);
}

}  // namespace

ReferenceCost costReference(const ReferenceConfig& machine, const std::vector<OperatorWork>& works,
                            DataType asked) {
  check(machine);
  ReferenceCost cost;
  cost.name = machine.name;
  cost.kind = machine.kind == ReferenceConfig::Kind::Cpu ? "cpu" : "gpu";
  cost.precision = precisionUsed(machine, asked);
  Coster coster(machine, cost.precision, footprint(works, cost.precision));
  for (const OperatorWork& work : works) cost.operators.push_back(coster.cost(work));
  addTotals(cost, machine);
  return cost;
}

}  // namespace npusim
