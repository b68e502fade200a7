#include "sim/laws/array_law.h"

#include "sim/core/error.h"
#include "sim/laws/cached_law.h"
#include "sim/laws/lockstep_law.h"
#include "sim/laws/row_stationary_law.h"
#include "sim/laws/systolic_law.h"

namespace npusim {

ArrayTiming arrayTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  switch (array.dataflow.kind) {
    case ArrayKind::Systolic:
      return systolicTiming(array, format, shape);
    case ArrayKind::RowStationary:
      return rowStationaryTiming(array, format, shape);
    case ArrayKind::Cached:
      return cachedTiming(array, format, shape, {});
  }
  throw InternalError("unknown kind of array");
}

ArrayTiming arrayTiming(const ChipConfig& chip, DataType format, const MatrixShape& shape) {
  if (arraysInStep(chip) > 1) return lockstepTiming(chip, format, shape);
  if (chip.array.dataflow.kind != ArrayKind::Cached) return arrayTiming(chip.array, format, shape);
  return cachedTiming(chip.array, format, shape, cachedPorts(chip));
}

ArrayWork arrayWork(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  switch (array.dataflow.kind) {
    case ArrayKind::Systolic:
      return systolicWork(array, format, shape);
    case ArrayKind::RowStationary:
      return rowStationaryWork(array, format, shape);
    case ArrayKind::Cached:
      throw InternalError("what cached PEs move is counted by stepping through them, by no law");
  }
  throw InternalError("unknown kind of array");
}

ZeroWork zeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                  std::int64_t zeroInputs) {
  switch (array.dataflow.kind) {
    case ArrayKind::Systolic:
      return systolicZeroWork(array, format, shape, zeroInputs);
    case ArrayKind::RowStationary:
      return rowStationaryZeroWork(array, format, shape, zeroInputs);
    case ArrayKind::Cached:
      return cachedZeroWork(array, format, shape, zeroInputs);
  }
  throw InternalError("unknown kind of array");
}

}  // namespace npusim
