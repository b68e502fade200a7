#include "sim/array/row_stationary_counts.h"

namespace npusim {

RowStationaryCounts& RowStationaryCounts::operator+=(const RowStationaryCounts& other) {
  cycles += other.cycles;
  macCycles += other.macCycles;
  macs += other.macs;
  zeroMacs += other.zeroMacs;
  filters += other.filters;
  filterCopies += other.filterCopies;
  inputs += other.inputs;
  inputCopies += other.inputCopies;
  sumsIn += other.sumsIn;
  biasIn += other.biasIn;
  sumsOut += other.sumsOut;
  handedOn += other.handedOn;
  return *this;
}

ArrayWork workOf(const RowStationaryCounts& counts, const RowStationaryWidths& widths) {
  ArrayWork work;
  work.weightBytes = counts.filters * widths.operand;
  work.inputBytes = counts.inputs * widths.operand;
  work.partialReadBytes = (counts.sumsIn - counts.biasIn) * widths.sum;
  work.partialWriteBytes = counts.sumsOut * widths.sum;
  work.localStore.weights = {counts.macs * widths.filterStore,
                             counts.filterCopies * widths.filterStore};
  work.localStore.inputs = {counts.macs * widths.inputStore,
                            counts.inputCopies * widths.inputStore};
  work.localStore.outputs = {counts.macs * widths.sumStore, counts.macs * widths.sumStore};
  work.network.weights = counts.filterCopies * widths.operand;
  work.network.inputs = counts.inputCopies * widths.operand;
  work.network.outputs = (counts.sumsIn + counts.handedOn) * widths.sum;
  work.edgePeCycles = static_cast<double>(counts.macCycles * widths.pes) -
                      static_cast<double>(counts.macs) / widths.macsPerCycle;
  work.fillDrainPeCycles = static_cast<double>((counts.cycles - counts.macCycles) * widths.pes);
  return work;
}

ZeroWork zerosOf(const RowStationaryCounts& counts, const RowStationaryWidths& widths) {
  ZeroWork zero{counts.zeroMacs, {}};
  if (!widths.zeroGating) return zero;
  zero.savedStore.weights.read = zero.macs * widths.filterStore;
  zero.savedStore.outputs = {zero.macs * widths.sumStore, zero.macs * widths.sumStore};
  return zero;
}

}  // namespace npusim
