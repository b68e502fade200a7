#include "sim/reference/matrix_time.h"

#include <algorithm>
#include <array>

#include "sim/core/rounding.h"

namespace npusim {
namespace {

constexpr std::array<std::int64_t, 3> kTileDivisors = {1, 2, 4};
constexpr std::array<std::int64_t, 5> kSplits = {1, 2, 4, 8, 16};
/// Storing, fetching and adding a split reduction's partial sums, in steps of tileK.
constexpr std::int64_t kSplitSteps = 8;

double reuse(std::int64_t m, std::int64_t n) {
  return static_cast<double>(m * n) / static_cast<double>(m + n);
}

/// Share of the peak that a large operator of this kind reaches; above 1 where a transformed
/// convolution saves more than it loses.
double efficiencyOf(const ReferenceConfig& machine, const OperatorWork& work) {
  if (work.kind != OperatorWork::Kind::Convolution) return machine.matrixEfficiency;
  const double plain =
      machine.convolutionEfficiency > 0 ? machine.convolutionEfficiency : machine.matrixEfficiency;
  const bool transformed = work.window == 9 && work.batch == 1;
  return transformed ? plain * machine.winogradGain : plain;
}

double tiledCycles(const ReferenceConfig& machine, const OperatorWork& work, double macsPerCycle,
                   const MatrixBlocking& blocking) {
  const std::int64_t tiles = work.batch * ceilDiv(work.m, blocking.tileM) *
                             ceilDiv(work.n, blocking.tileN) * blocking.splitK;
  const std::int64_t waves = ceilDiv(tiles, machine.cores);
  const std::int64_t steps = ceilDiv(ceilDiv(work.k, blocking.splitK), machine.tileK) +
                             (blocking.splitK > 1 ? kSplitSteps : 0);
  const double relative =
      reuse(blocking.tileM, blocking.tileN) / reuse(machine.tileM, machine.tileN);
  const double rate = macsPerCycle * efficiencyOf(machine, work) * 2 * relative / (1 + relative);
  return static_cast<double>(waves * blocking.tileM * blocking.tileN * steps * machine.tileK) /
         rate;
}

MatrixBlocking onVectorUnits(const ReferenceConfig& machine, const OperatorWork& work) {
  const double rate = machine.vectorOpsPerCyclePerCore * static_cast<double>(machine.cores) *
                      efficiencyOf(machine, work);
  return {machine.tileM, machine.tileN, 1, static_cast<double>(work.macs) / rate};
}

}  // namespace

MatrixBlocking blockMatrix(const ReferenceConfig& machine, const OperatorWork& work,
                           DataType format) {
  const double macsPerCycle = machine.macsPerCyclePerCore.at(format);
  MatrixBlocking best = onVectorUnits(machine, work);
  for (const std::int64_t divideM : kTileDivisors) {
    for (const std::int64_t divideN : kTileDivisors) {
      for (const std::int64_t split : kSplits) {
        if (split > 1 && work.k / split < machine.tileK) continue;
        MatrixBlocking candidate{std::max<std::int64_t>(1, machine.tileM / divideM),
                                 std::max<std::int64_t>(1, machine.tileN / divideN), split, 0};
        candidate.cycles = tiledCycles(machine, work, macsPerCycle, candidate);
        if (candidate.cycles < best.cycles) best = candidate;
      }
    }
  }
  return best;
}

}  // namespace npusim
