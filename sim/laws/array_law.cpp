#include "sim/laws/array_law.h"

#include <algorithm>
#include <cmath>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

/// The product seen from the array: which extents are folded over rows and columns, which streams.
struct Folding {
  std::int64_t alongRows, alongCols, streamed;  ///< extents of the product
  std::int64_t rows, cols;                      ///< of the array, in those extents
  std::int64_t interval;                        ///< cycles between streamed operands
  std::int64_t rowFolds() const { return ceilDiv(alongRows, rows); }
  std::int64_t colFolds() const { return ceilDiv(alongCols, cols); }
  std::int64_t folds() const { return rowFolds() * colFolds(); }
  std::int64_t streamCycles() const { return streamed * interval; }
};

Folding fold(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  const auto rate = array.macsPerCycle.find(format);
  ensure(rate != array.macsPerCycle.end(), "the array does not compute this format");
  const std::int64_t depth = std::max<std::int64_t>(1, std::llround(rate->second));
  const std::int64_t interval = std::max<std::int64_t>(1, std::llround(1 / rate->second));
  switch (array.dataflow) {
    case Dataflow::WeightStationary:
      return {shape.k, shape.n, shape.m, array.rows * depth, array.cols, interval};
    case Dataflow::InputStationary:
      return {shape.k, shape.m, shape.n, array.rows * depth, array.cols, interval};
    case Dataflow::OutputStationary:
      return {shape.m, shape.n, ceilDiv(shape.k, depth), array.rows, array.cols, interval};
  }
  throw InternalError("unknown dataflow");
}

}  // namespace

ArrayTiming arrayTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  const Folding f = fold(array, format, shape);
  const std::int64_t R = array.rows;
  const std::int64_t C = array.cols;
  const bool outputStationary = array.dataflow == Dataflow::OutputStationary;
  if (array.convention == Convention::ScaleSim) {
    const std::int64_t skew = outputStationary ? R + C - 2 : 2 * R + C - 2;
    return {0, f.folds() * (f.streamCycles() + skew) - 1, 0};
  }
  if (outputStationary) return {0, f.folds() * std::max(f.streamCycles(), R), R + C - 2 + R};
  const std::int64_t stream = array.doubleBufferedWeights
                                  ? f.folds() * std::max(f.streamCycles(), R)
                                  : f.folds() * f.streamCycles() + (f.folds() - 1) * R;
  return {R, stream, R + C - 2};
}

ArrayWork arrayWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                    bool accumulates) {
  const Folding f = fold(array, format, shape);
  const std::int64_t operand = byteSize(format);
  const std::int64_t macs = shape.m * shape.n * shape.k;
  ArrayWork work;
  switch (array.dataflow) {
    case Dataflow::WeightStationary:
    case Dataflow::InputStationary: {
      const bool weights = array.dataflow == Dataflow::WeightStationary;
      // The stationary operand enters once; the other once for every fold of the columns.
      work.inputBytes = shape.m * shape.k * operand * (weights ? f.colFolds() : 1);
      work.weightBytes = shape.k * shape.n * operand * (weights ? 1 : f.colFolds());
      const std::int64_t sums = shape.m * shape.n * kPartialSumBytes;
      work.partialWriteBytes = sums * f.rowFolds();
      work.partialReadBytes = sums * (f.rowFolds() - (accumulates ? 0 : 1));
      work.localStoreReadBytes = macs * operand;
      work.localStoreWriteBytes = weights ? work.weightBytes : work.inputBytes;
      work.networkBytes = macs * (operand + kPartialSumBytes);
      break;
    }
    case Dataflow::OutputStationary:
      work.inputBytes = shape.m * shape.k * operand * f.colFolds();
      work.weightBytes = shape.k * shape.n * operand * f.rowFolds();
      work.partialWriteBytes = shape.m * shape.n * kPartialSumBytes;
      work.partialReadBytes = accumulates ? work.partialWriteBytes : 0;
      work.localStoreReadBytes = macs * kPartialSumBytes;
      work.localStoreWriteBytes = macs * kPartialSumBytes;
      work.networkBytes = macs * 2 * operand;
      break;
  }
  const ArrayTiming timing = arrayTiming(array, format, shape);
  const double pes = static_cast<double>(array.rows * array.cols);
  const double rate = array.macsPerCycle.at(format);
  const double streaming = static_cast<double>(f.folds() * f.streamCycles());
  work.edgePeCycles = streaming * pes - static_cast<double>(macs) / rate;
  work.fillDrainPeCycles = (static_cast<double>(timing.total()) - streaming) * pes;
  return work;
}

}  // namespace npusim
