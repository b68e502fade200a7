#include "sim/array/module/geometry.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim::modules {
namespace {

/// The operand over both indices.
Operand operandOver(Index a, Index b) {
  for (const Operand operand : {Operand::Weights, Operand::Inputs}) {
    if (hasIndex(operand, a) && hasIndex(operand, b)) return operand;
  }
  return Operand::Outputs;
}

Index remaining(Index a, Index b) {
  for (const Index index : {Index::M, Index::N}) {
    if (index != a && index != b) return index;
  }
  return Index::K;
}

}  // namespace

Index indexOf(LoopDim loop) {
  constexpr std::array kIndices = {Index::M, Index::M, Index::M, Index::N,
                                   Index::K, Index::K, Index::K};
  return kIndices[static_cast<std::size_t>(loop)];
}

bool hasIndex(Operand operand, Index index) {
  if (operand == Operand::Weights) return index != Index::M;
  return operand == Operand::Inputs ? index != Index::N : index != Index::K;
}

Geometry::Geometry(const ArrayConfig& config, DataType format)
    : array(config),
      rows(config.rows),
      cols(config.cols),
      operandBytes(byteSize(format)),
      sumBytes(sumBytesOf(format)),
      storedSumBytes(array.storedSumBytes(format)) {
  const auto rate = array.macsPerCycle.find(format);
  ensure(rate != array.macsPerCycle.end(), "the array does not compute this format");
  macsPerCycle = rate->second;
  depth = std::max<std::int64_t>(1, std::llround(macsPerCycle));
  alongRows = indexOf(array.dataflow.rows.front());
  alongCols = indexOf(array.dataflow.cols.front());
  streamed = remaining(alongRows, alongCols);
  held = operandOver(alongRows, alongCols);
  down = operandOver(alongCols, streamed);
  across = operandOver(alongRows, streamed);
  downTravel = of(array.dataflow, down);
  acrossTravel = of(array.dataflow, across);
  // The multiplier takes its time, and so do the accesses of a step at the store's ports; a sum is
  // read and written.
  const auto multiplier = std::max<std::int64_t>(1, std::llround(1 / macsPerCycle));
  beat = std::max(multiplier, ceilDiv(accesses() * (holdsSums() ? 2 : 1), store().ports));
}

const OperandStoreConfig& Geometry::store() const { return of(array.localStore, held); }

/// Accesses that a step's operands, or its sum, take at the store.
std::int64_t Geometry::accesses() const {
  const std::int64_t bytes = holdsSums() ? sumBytes : depth * operandBytes;
  return store().wordBits == 0 ? 1 : ceilDiv(bytes * 8, store().wordBits);
}

std::int64_t Geometry::storeBytes() const {
  if (store().wordBits > 0) return accesses() * store().wordBits / 8;
  return holdsSums() ? sumBytes : depth * operandBytes;
}

std::int64_t Geometry::waveCycles() const {
  return lagOf(rows - 1, cols - 1) + (downTravel == Travel::Tree ? treeCycles(rows) : 0) +
         (acrossTravel == Travel::Tree ? treeCycles(cols) : 0);
}

std::int64_t Geometry::treeCycles(std::int64_t leaves) const {
  std::int64_t cycles = 0;
  for (std::int64_t inputs = 1; inputs < leaves; inputs *= 2) cycles += beat;
  return cycles;
}

}  // namespace npusim::modules
