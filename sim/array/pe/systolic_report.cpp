#include <vector>

#include "sim/array/pe/systolic_machine.h"

namespace npusim {
namespace {

/// The first position of a PE's step along one of m, n, k.
std::int64_t position(const FoldPlan& plan, const Fold& fold, Loops loops, std::int64_t line,
                      std::int64_t lane, const Wave& wave) {
  if (plan.lines.loops == loops) return fold.lines.first + line * plan.lines.unit;
  if (plan.lanes.loops == loops) return fold.lanes.first + lane * plan.lanes.unit;
  return wave.step * (loops == Loops::K ? plan.depth : 1);
}

}  // namespace

template <typename Values>
bool SystolicMachine<Values>::multiplies(std::int64_t line, std::int64_t lane, std::int64_t plane) {
  const ProductFlags flags = productFlags(plane);
  const std::int64_t word = lane / kWordBits;
  const FlagWord all = flags.across.line(line)[word] & flags.stationary.line(line)[word] &
                       flags.busy.line(line)[word];
  return (all >> (lane % kWordBits) & 1) != 0;
}

template <typename Values>
PeCycle SystolicMachine<Values>::stateOf(std::int64_t line, std::int64_t lane) {
  if (!multiplies(line, lane, 0)) return {};
  std::int64_t last = 0;
  while (last + 1 < plan_.depth && multiplies(line, lane, last + 1)) ++last;
  PeCycle pe = values_.operandsOf(line, lane, last);
  const Wave& wave = waveAt(line, lane);
  const Fold& fold = foldOf(wave.fold);
  pe.m = position(plan_, fold, Loops::M, line, lane, wave);
  pe.n = position(plan_, fold, Loops::N, line, lane, wave);
  pe.k = position(plan_, fold, Loops::K, line, lane, wave);
  return pe;
}

template <typename Values>
void SystolicMachine<Values>::report(ArrayObserver& observer) {
  std::vector<PeCycle> pes(static_cast<std::size_t>(plan_.lines.pes * plan_.lanes.pes));
  if (controller_.operandsMove()) {
    for (std::int64_t row = 0; row < plan_.rows(); ++row) {
      for (std::int64_t col = 0; col < plan_.cols(); ++col) {
        pes[static_cast<std::size_t>(row * plan_.cols() + col)] =
            plan_.linesAreRows ? stateOf(row, col) : stateOf(col, row);
      }
    }
  }
  observer.onCycle(controller_.cycle(), pes);
}

template void SystolicMachine<NoValues>::report(ArrayObserver&);
template void SystolicMachine<PeValues<float>>::report(ArrayObserver&);
template void SystolicMachine<PeValues<std::int32_t>>::report(ArrayObserver&);
template void SystolicMachine<PeValues<std::int64_t>>::report(ArrayObserver&);

}  // namespace npusim
