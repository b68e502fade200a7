#include "sim/array/row_stationary_counts.h"

#include "sim/core/rounding.h"

namespace npusim {
namespace {

/// Bytes that a PE's store moves for one word of an operand.
std::int64_t storeBytes(const OperandStoreConfig& store, std::int64_t bytes) {
  return store.wordBits == 0 ? bytes : ceilDiv(bytes * 8, store.wordBits) * store.wordBits / 8;
}

}  // namespace

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

RowStationaryWidths widthsOf(const ArrayConfig& array, DataType format) {
  const LocalStoreConfig& store = array.localStore;
  const std::int64_t bytes = byteSize(format);
  return {.operand = bytes,
          .sum = array.storedSumBytes(format),
          .filterStore = storeBytes(store.weights, bytes),
          .inputStore = storeBytes(store.inputs, bytes),
          .sumStore = storeBytes(store.outputs, array.storedSumBytes(format)),
          .pes = array.rows * array.cols,
          .macsPerCycle = array.macsPerCycle.at(format),
          .zeroGating = array.zeroGating};
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
