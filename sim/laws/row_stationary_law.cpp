#include "sim/laws/row_stationary_law.h"

#include <algorithm>

#include "sim/laws/row_stationary_passes.h"

namespace npusim {
namespace {

/// Bytes that a PE's store moves for one word of an operand.
std::int64_t storeBytes(const OperandStoreConfig& store, std::int64_t bytes) {
  return store.wordBits == 0 ? bytes : ceilDiv(bytes * 8, store.wordBits) * store.wordBits / 8;
}

/// Words that move in one instruction; `cycles` in which PEs have MACs to do, and all.
struct Words {
  std::int64_t filters = 0, inputs = 0;            ///< read from the buffers
  std::int64_t filterCopies = 0, inputCopies = 0;  ///< received by PEs
  std::int64_t sumsIn = 0, sumsOut = 0, handedOn = 0;
  std::int64_t macCycles = 0, cycles = 0;
};

Words wordsOf(const PassLaw& law, const MatrixShape& shape, const RowStationaryPass& mapping) {
  Words all;
  law.forEach([&](const ProcessingPass& pass, std::int64_t count) {
    const std::int64_t filters = pass.filters * pass.channels * pass.filterRows * pass.taps;
    const std::int64_t inputs = shape.extents[0] * law.columns(pass) * pass.channels;
    const std::int64_t sums = law.windows() * pass.rows * pass.filters;
    const std::int64_t q = std::min(mapping.q, pass.channels);
    const std::int64_t column = ceilDiv(pass.channels, q) * pass.filterRows;
    const std::int64_t setsOfFilters = ceilDiv(pass.filters, std::min(mapping.p, pass.filters));
    const PassTime time = law.time(pass);
    all.filters += count * filters;
    all.filterCopies += count * filters * pass.rows;
    all.inputs += count * inputs * law.lines(pass);
    all.inputCopies += count * inputs * pass.rows * pass.filterRows * setsOfFilters;
    all.sumsIn += pass.readsSums ? count * sums : 0;
    all.sumsOut += count * sums;
    all.handedOn += count * sums * column;
    all.macCycles += count * time.macs;
    all.cycles += count * time.total();
  });
  return all;
}

Words wordsOf(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  const RowStationaryLimits limits(array, format, shape);
  const RowStationaryPass mapping = rowStationaryPass(array, format, shape);
  return wordsOf(PassLaw(limits, array, shape, mapping), shape, mapping);
}

}  // namespace

ArrayTiming rowStationaryTiming(const ArrayConfig& array, DataType format,
                                const MatrixShape& shape) {
  return {0, wordsOf(array, format, shape).cycles, 0};
}

ArrayWork rowStationaryWork(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  const Words words = wordsOf(array, format, shape);
  const LocalStoreConfig& store = array.localStore;
  const std::int64_t bytes = byteSize(format);
  const std::int64_t sumBytes = array.storedSumBytes(format);
  const std::int64_t bias = shape.addsBias ? shape.m() * shape.n() : 0;
  const std::int64_t filterWord = storeBytes(store.weights, bytes);
  const std::int64_t inputWord = storeBytes(store.inputs, bytes);
  const std::int64_t sumWord = storeBytes(store.outputs, sumBytes);
  ArrayWork work;
  work.weightBytes = words.filters * bytes;
  work.inputBytes = words.inputs * bytes;
  work.partialReadBytes = (words.sumsIn - bias) * sumBytes;
  work.partialWriteBytes = words.sumsOut * sumBytes;
  work.localStore.weights = {shape.macs() * filterWord, words.filterCopies * filterWord};
  work.localStore.inputs = {shape.macs() * inputWord, words.inputCopies * inputWord};
  work.localStore.outputs = {shape.macs() * sumWord, shape.macs() * sumWord};
  work.network.weights = words.filterCopies * bytes;
  work.network.inputs = words.inputCopies * bytes;
  work.network.outputs = (words.sumsIn + words.handedOn) * sumBytes;
  const std::int64_t pes = array.rows * array.cols;
  work.edgePeCycles = static_cast<double>(words.macCycles * pes) -
                      static_cast<double>(shape.macs()) / array.macsPerCycle.at(format);
  work.fillDrainPeCycles = static_cast<double>((words.cycles - words.macCycles) * pes);
  return work;
}

ZeroWork rowStationaryZeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                               std::int64_t zeroInputs) {
  ZeroWork zero{zeroInputs * shape.n(), {}};
  if (!array.zeroGating) return zero;
  const std::int64_t sums =
      zero.macs * storeBytes(array.localStore.outputs, array.storedSumBytes(format));
  zero.savedStore.weights.read = zero.macs * storeBytes(array.localStore.weights, byteSize(format));
  zero.savedStore.outputs = {sums, sums};
  return zero;
}

}  // namespace npusim
