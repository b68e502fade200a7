#include "sim/laws/cached_law.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

std::int64_t sumAccesses(const OperandStoreConfig& store, DataType format) {
  return store.wordBits == 0 ? 1 : ceilDiv(sumBytesOf(format) * 8, store.wordBits);
}
std::int64_t sumBytes(const OperandStoreConfig& store, DataType format) {
  return store.wordBits == 0 ? sumBytesOf(format) : sumAccesses(store, format) * store.wordBits / 8;
}

double rateOf(const ArrayConfig& array, DataType format) {
  const auto rate = array.macsPerCycle.find(format);
  ensure(rate != array.macsPerCycle.end(), "the array does not compute this format");
  return rate->second;
}
std::int64_t depthOf(double rate) { return std::max<std::int64_t>(1, std::llround(rate)); }

/// The product on the array, counted in lines.
struct Lines {
  Lines(const ArrayConfig& array, DataType format, const MatrixShape& shape);

  std::int64_t bytes;               ///< of a line
  std::int64_t perLine;             ///< operands of a line
  std::int64_t rowFolds, colFolds;  ///< outputs of the busiest PE down a column, and columns
  std::int64_t inputs, weights;     ///< lines that one output takes
  bool keepsInputs, keepsWeights;   ///< from column to column, from row to row
};

/// Weights of one column lie `apart` bytes apart: their lines may reach only every so many sets.
std::int64_t linesForWeights(const CacheConfig& cache, std::int64_t apart) {
  const std::int64_t sets = cache.lines() / cache.linesOfSet();
  const std::int64_t period = sets * cache.lineBytes;
  return cache.linesOfSet() * std::min(sets, period / std::gcd(apart, period));
}

Lines::Lines(const ArrayConfig& array, DataType format, const MatrixShape& shape)
    : bytes(array.cache.bytes > 0 ? array.cache.lineBytes : byteSize(format)),
      perLine(bytes / byteSize(format)),
      rowFolds(ceilDiv(shape.m(), array.rows)),
      colFolds(ceilDiv(shape.n(), array.cols)) {
  const std::int64_t kept = array.cache.bytes > 0 ? array.cache.lines() : 0;
  const std::int64_t run = shape.extents[5] * shape.extents[6];
  const bool pays = kept >= 2;  // else the operands push each other out
  inputs = pays ? shape.extents[4] * ceilDiv(run, perLine) : shape.k();
  weights = pays && shape.n() < perLine ? ceilDiv(shape.k() * shape.n(), perLine) : shape.k();
  keepsWeights = pays && inputs + weights <= kept &&
                 weights <= linesForWeights(array.cache, shape.n() * byteSize(format));
  keepsInputs = keepsWeights && rowFolds * inputs + weights <= kept;
}

/// Misses of the busiest PE.
std::int64_t missesOf(const Lines& lines) {
  const std::int64_t outputs = lines.rowFolds * lines.colFolds;
  return lines.inputs * (lines.keepsInputs ? lines.rowFolds : outputs) +
         lines.weights * (lines.keepsWeights ? lines.colFolds : outputs);
}

/// Cycles in which a port passes `fetches` lines.
double portCycles(const BufferPort& port, const Lines& lines, double fetches) {
  if (port.accesses == 0) return 0;
  return fetches * static_cast<double>(ceilDiv(lines.bytes, port.bytes)) /
         static_cast<double>(port.accesses);
}

/// Of all PEs. Joined, the PEs of a row share the lines of inputs, those of a column the lines of
/// weights, in which several columns lie.
double fetchCycles(const ArrayConfig& array, const MatrixShape& shape, const Lines& lines,
                   const CachedPorts& ports) {
  const bool joins = array.cache.coalesce;
  const std::int64_t rows = std::min(array.rows, shape.m());
  const std::int64_t cols = std::min(array.cols, shape.n());
  const std::int64_t perRow =
      lines.keepsInputs ? (joins ? 1 : cols) : (joins ? lines.colFolds : shape.n());
  const std::int64_t perColumn =
      lines.keepsWeights ? (joins ? 1 : rows) : (joins ? lines.rowFolds : shape.m());
  const auto inputs = static_cast<double>(lines.inputs * shape.m() * perRow);
  const auto weights = static_cast<double>(lines.weights * shape.n() * perColumn) /
                       static_cast<double>(joins ? std::min(lines.perLine, cols) : 1);
  if (ports.shared) return portCycles(ports.inputs, lines, inputs + weights);
  return std::max(portCycles(ports.inputs, lines, inputs),
                  portCycles(ports.weights, lines, weights));
}

const BufferConfig* bufferOf(const ChipConfig& chip, Holds kind) {
  const auto found = std::ranges::find_if(
      chip.buffers, [kind](const BufferConfig& buffer) { return buffer.holdsKind(kind); });
  return found == chip.buffers.end() ? nullptr : &*found;
}

}  // namespace

CachedPorts cachedPorts(const ChipConfig& chip) {
  const BufferConfig* inputs = bufferOf(chip, Holds::Activations);
  const BufferConfig* weights = bufferOf(chip, Holds::Weights);
  if (chip.idealMemory || inputs == nullptr || weights == nullptr) return {};
  return {inputs->port(), weights->port(), inputs == weights};
}

ArrayTiming cachedTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                         const CachedPorts& ports) {
  const double rate = rateOf(array, format);
  const OperandStoreConfig& sums = array.localStore.outputs;
  const std::int64_t beat = std::max({std::int64_t{1}, std::int64_t{std::llround(1 / rate)},
                                      ceilDiv(2 * sumAccesses(sums, format), sums.ports)});
  const Lines lines(array, format, shape);
  const std::int64_t steps = ceilDiv(shape.k(), depthOf(rate)) * beat;
  const std::int64_t alone =
      lines.rowFolds * lines.colFolds * (steps + (shape.startsFromSums() ? 1 : 0)) +
      missesOf(lines) * array.cache.missCycles;
  const double fetching = fetchCycles(array, shape, lines, ports);
  return {0, std::max(alone, static_cast<std::int64_t>(fetching)), 1};
}

ZeroWork cachedZeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                        std::int64_t zeroInputs) {
  ZeroWork zero{zeroInputs * shape.n(), {}};
  if (!array.zeroGating || depthOf(rateOf(array, format)) > 1) return zero;
  const std::int64_t bytes = zero.macs * sumBytes(array.localStore.outputs, format);
  zero.savedStore.outputs = {bytes, bytes};
  return zero;
}

}  // namespace npusim
